import Files
import Foundation

/// The entries of a ZIP archive that are stored as they are, without compression, which is how PyTorch writes its files. Nothing is unpacked, so
/// nothing can grow: an entry is a range of the file's bytes.
struct StoredArchive {
  /// Where the content of each entry lies in the file.
  let entries: [String: Range<Int>]

  /// Reads the archive's directory, from its end, with the 64-bit extension.
  ///
  /// - Parameter file: named in errors.
  /// - Throws: `InputError` when the archive is cut off or contradicts itself, an entry is compressed or encrypted, or entries overlap.
  init(_ data: Data, file: String) throws {
    let bytes = ByteReader(data)
    func malformed(_ found: String) -> InputError {
      InputError(
        file, found: found, expected: "a complete archive as torch.save writes it",
        advice: "Copy the file again, or save it anew with torch.save.")
    }
    guard let directory = Self.directory(bytes) else { throw malformed("no ZIP directory at the end") }
    // A record of the directory takes 46 bytes at least.
    guard directory.count <= data.count / 46 else { throw malformed("a directory of \(directory.count) entries") }
    var entries: [String: Range<Int>] = [:]
    var ranges: [Range<Int>] = []
    var place = directory.start
    for _ in 0..<directory.count {
      guard bytes.uint32(place) == 0x0201_4B50, let flags = bytes.uint16(place + 8),
        let method = bytes.uint16(place + 10), let stored = bytes.uint32(place + 20),
        let size = bytes.uint32(place + 24),
        let nameLength = bytes.uint16(place + 28), let extraLength = bytes.uint16(place + 30),
        let commentLength = bytes.uint16(place + 32), let offset = bytes.uint32(place + 42),
        let name = bytes.text(place + 46, nameLength)
      else { throw malformed("a directory that is cut off") }
      guard method == 0, flags & 1 == 0 else {
        throw malformed("the \(flags & 1 == 0 ? "compressed" : "encrypted") entry \(name)")
      }
      var (storedSize, contentSize, header) = (stored, size, offset)
      // Numbers that do not fit 32 bits stand in the extra field, in this order.
      var extra = bytes.extra(0x0001, place + 46 + nameLength, extraLength)
      for number in [\Sizes.content, \.stored, \.header] {
        var sizes = Sizes(content: contentSize, stored: storedSize, header: header)
        guard sizes[keyPath: number] == 0xFFFF_FFFF else { continue }
        guard let wide = extra.popFirst() else { throw malformed("no size of the entry \(name)") }
        sizes[keyPath: number] = wide
        (contentSize, storedSize, header) = (sizes.content, sizes.stored, sizes.header)
      }
      guard storedSize == contentSize, bytes.uint32(header) == 0x0403_4B50,
        let localName = bytes.uint16(header + 26), let localExtra = bytes.uint16(header + 28)
      else { throw malformed("no usable header of the entry \(name)") }
      let start = header + 30 + localName + localExtra
      guard contentSize <= data.count, start <= data.count - contentSize else {
        throw malformed("the entry \(name), which reaches beyond the file's \(data.count) bytes")
      }
      guard entries.updateValue(start..<start + contentSize, forKey: name) == nil else {
        throw malformed("the entry \(name) twice")
      }
      ranges.append(header..<start + contentSize)
      place += 46 + nameLength + extraLength + commentLength
    }
    ranges.sort { $0.lowerBound < $1.lowerBound }
    for (one, next) in zip(ranges, ranges.dropFirst()) where one.upperBound > next.lowerBound {
      throw malformed("entries that overlap")
    }
    self.entries = entries
  }

  private struct Sizes {
    var content: Int
    var stored: Int
    var header: Int
  }

  /// Where the directory begins, and how many entries it has.
  private static func directory(_ bytes: ByteReader) -> (start: Int, count: Int)? {
    // The end record is followed by a comment of at most 65535 bytes.
    let last = bytes.count - 22
    guard last >= 0 else { return nil }
    for place in stride(from: last, through: max(0, last - 65535), by: -1) where bytes.uint32(place) == 0x0605_4B50 {
      guard let count = bytes.uint16(place + 10), let start = bytes.uint32(place + 16) else { return nil }
      guard count == 0xFFFF || start == 0xFFFF_FFFF else { return (start, count) }
      guard bytes.uint32(place - 20) == 0x0706_4B50, let record = bytes.uint64(place - 12),
        bytes.uint32(record) == 0x0606_4B50, let wideCount = bytes.uint64(record + 32),
        let wideStart = bytes.uint64(record + 48)
      else { return nil }
      return (wideStart, wideCount)
    }
    return nil
  }
}

/// Little-endian numbers at places that are checked; nil outside the file. Numbers too large for a place in a file are nil as well.
struct ByteReader {
  private let data: Data

  init(_ data: Data) { self.data = data }

  var count: Int { data.count }

  private func number<Value: FixedWidthInteger>(_ place: Int, _: Value.Type) -> Int? {
    guard place >= 0, place <= count - MemoryLayout<Value>.size else { return nil }
    let value = data.withUnsafeBytes {
      Value(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: Value.self))
    }
    return Int(exactly: value).flatMap { $0 <= 1 << 56 ? $0 : nil }
  }

  func uint16(_ place: Int) -> Int? { number(place, UInt16.self) }
  func uint32(_ place: Int) -> Int? { number(place, UInt32.self) }
  func uint64(_ place: Int) -> Int? { number(place, UInt64.self) }

  func text(_ place: Int, _ length: Int) -> String? {
    guard place >= 0, length >= 0, place <= count - length else { return nil }
    return String(data: data.subdata(in: place..<place + length), encoding: .utf8)
  }

  /// The 64-bit numbers of an extra field of the given kind.
  func extra(_ kind: Int, _ start: Int, _ length: Int) -> ArraySlice<Int> {
    var place = start
    while place + 4 <= start + length, let found = uint16(place), let size = uint16(place + 2) {
      if found == kind { return (0..<size / 8).compactMap { uint64(place + 4 + 8 * $0) }[...] }
      place += 4 + size
    }
    return []
  }
}
