import Files
import Foundation

/// A ZIP archive whose entries are stored without compression, as PyTorch writes its files.
///
/// Nothing is unpacked, so a small file cannot expand: an entry is a range of the file's bytes.
struct StoredArchive {
  /// The bytes of the file that hold each entry's content, by name.
  let entries: [String: Range<Int>]

  /// Reads the directory at the end of the archive, including the ZIP64 extension.
  ///
  /// - Parameters:
  ///   - data: The archive.
  ///   - file: The path to name in errors.
  /// - Throws: `InputError` when the archive is cut off or contradicts itself, an entry is
  ///   compressed or encrypted, or entries overlap.
  init(_ data: Data, file: String) throws {
    let bytes = ByteReader(data)
    func malformed(_ found: String) -> InputError {
      InputError(
        file, found: found, expected: "a complete archive as torch.save writes it",
        advice: "Copy the file again, or save it again with torch.save.")
    }
    guard let directory = Self.directory(bytes) else { throw malformed("no ZIP directory at the end") }
    // A record of the directory takes at least 46 bytes.
    guard directory.count <= data.count / 46 else { throw malformed("a directory of \(directory.count) entries") }
    var entries: [String: Range<Int>] = [:]
    var ranges: [Range<Int>] = []
    var record = directory.start
    for _ in 0..<directory.count {
      guard bytes.uint32(record) == 0x0201_4B50, let flags = bytes.uint16(record + 8),
        let method = bytes.uint16(record + 10), let stored = bytes.uint32(record + 20),
        let size = bytes.uint32(record + 24),
        let nameLength = bytes.uint16(record + 28), let extraLength = bytes.uint16(record + 30),
        let commentLength = bytes.uint16(record + 32), let offset = bytes.uint32(record + 42),
        let name = bytes.text(record + 46, nameLength)
      else { throw malformed("a directory that is cut off") }
      guard method == 0, flags & 1 == 0 else {
        throw malformed("the \(flags & 1 == 0 ? "compressed" : "encrypted") entry \(name)")
      }
      var (storedSize, contentSize, header) = (stored, size, offset)
      // Numbers that do not fit into 32 bits are in the extra field, in this order.
      var extra = bytes.extra(0x0001, record + 46 + nameLength, extraLength)
      for field in [\Sizes.content, \.stored, \.header] {
        var sizes = Sizes(content: contentSize, stored: storedSize, header: header)
        guard sizes[keyPath: field] == 0xFFFF_FFFF else { continue }
        guard let wide = extra.popFirst() else { throw malformed("no size of the entry \(name)") }
        sizes[keyPath: field] = wide
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
      record += 46 + nameLength + extraLength + commentLength
    }
    ranges.sort { $0.lowerBound < $1.lowerBound }
    for (previous, next) in zip(ranges, ranges.dropFirst()) where previous.upperBound > next.lowerBound {
      throw malformed("entries that overlap")
    }
    self.entries = entries
  }

  /// The numbers of a directory record that can be in the extra field.
  private struct Sizes {
    var content: Int
    var stored: Int
    var header: Int
  }

  /// The offset of the directory and the number of its entries, or `nil` when there is none.
  private static func directory(_ bytes: ByteReader) -> (start: Int, count: Int)? {
    // The end record is followed by a comment of at most 65535 bytes.
    let last = bytes.count - 22
    guard last >= 0 else { return nil }
    for endRecord in stride(from: last, through: max(0, last - 65535), by: -1)
    where bytes.uint32(endRecord) == 0x0605_4B50 {
      guard let count = bytes.uint16(endRecord + 10), let start = bytes.uint32(endRecord + 16) else { return nil }
      guard count == 0xFFFF || start == 0xFFFF_FFFF else { return (start, count) }
      guard bytes.uint32(endRecord - 20) == 0x0706_4B50, let wideRecord = bytes.uint64(endRecord - 12),
        bytes.uint32(wideRecord) == 0x0606_4B50, let wideCount = bytes.uint64(wideRecord + 32),
        let wideStart = bytes.uint64(wideRecord + 48)
      else { return nil }
      return (wideStart, wideCount)
    }
    return nil
  }
}

/// Reads little-endian numbers at checked offsets.
///
/// Each method returns `nil` for bytes outside the file, and for numbers too large for an offset in a file.
struct ByteReader {
  private let data: Data

  init(_ data: Data) { self.data = data }

  var count: Int { data.count }

  private func number<Value: FixedWidthInteger>(_ offset: Int, _: Value.Type) -> Int? {
    guard offset >= 0, offset <= count - MemoryLayout<Value>.size else { return nil }
    let value = data.withUnsafeBytes {
      Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self))
    }
    return Int(exactly: value).flatMap { $0 <= 1 << 56 ? $0 : nil }
  }

  func uint16(_ offset: Int) -> Int? { number(offset, UInt16.self) }
  func uint32(_ offset: Int) -> Int? { number(offset, UInt32.self) }
  func uint64(_ offset: Int) -> Int? { number(offset, UInt64.self) }

  /// The UTF-8 text of `length` bytes.
  func text(_ offset: Int, _ length: Int) -> String? {
    guard offset >= 0, length >= 0, offset <= count - length else { return nil }
    return String(data: data.subdata(in: offset..<offset + length), encoding: .utf8)
  }

  /// The 64-bit numbers in the extra field of the given kind; `length` bytes of extra fields begin
  /// at `start`.
  func extra(_ kind: Int, _ start: Int, _ length: Int) -> ArraySlice<Int> {
    var offset = start
    while offset + 4 <= start + length, let found = uint16(offset), let size = uint16(offset + 2) {
      if found == kind { return (0..<size / 8).compactMap { uint64(offset + 4 + 8 * $0) }[...] }
      offset += 4 + size
    }
    return []
  }
}
