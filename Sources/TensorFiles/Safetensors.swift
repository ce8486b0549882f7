import Files
import Foundation

/// A memory-mapped safetensors file: a JSON table of named arrays, followed by their elements in C
/// order, little-endian.
///
/// Weights, preprocessed cases and probabilities are stored in this format. ``PyTorchFile`` returns
/// its arrays as this type too.
public struct Safetensors: Sendable {
  /// The type of an array's elements in the file.
  public enum ElementType: String, Sendable, Codable {
    case float64 = "F64"
    case float32 = "F32"
    case float16 = "F16"
    case bfloat16 = "BF16"
    case int64 = "I64"
    case int32 = "I32"
    case int16 = "I16"
    case int8 = "I8"
    case uint8 = "U8"
    case bool = "BOOL"

    /// Bytes per element.
    public var size: Int {
      switch self {
      case .float64, .int64: 8
      case .float32, .int32: 4
      case .float16, .bfloat16, .int16: 2
      case .int8, .uint8, .bool: 1
      }
    }
  }

  /// The type and shape of an array, and its position in the file.
  public struct Entry: Sendable, Equatable {
    /// The type of the elements.
    public let type: ElementType
    /// The extent of each axis.
    public let shape: [Int]
    /// The bytes of the file that hold the elements.
    let bytes: Range<Int>
  }

  /// The file.
  public let url: URL
  /// Texts that were stored with the arrays.
  public let metadata: [String: String]
  /// The arrays by name.
  public let entries: [String: Entry]
  private let data: Data
  /// The number of the file that is mapped; its name may come to mean another one.
  private let inode: ino_t

  /// Creates a view of arrays in a mapped file of another format.
  init(url: URL, data: Data, entries: [String: Entry]) {
    self.url = url
    self.data = data
    self.entries = entries
    inode = Self.inode(url)
    metadata = [:]
  }

  /// Maps a file and checks its table against the size of the file.
  ///
  /// - Throws: `InputError` when the file cannot be read or is not a well-formed safetensors file.
  public init(contentsOf url: URL) throws {
    func malformed(_ found: String) -> InputError {
      InputError(url.path, found: found, expected: "a complete safetensors file")
    }
    guard let data = try? Data(contentsOf: url, options: .alwaysMapped) else {
      throw InputError(url.path, found: "no readable file", expected: "a safetensors file")
    }
    guard data.count >= 8 else { throw malformed("\(data.count) bytes") }
    let length = data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= UInt64(data.count - 8) else {
      throw malformed("a table of \(length) bytes in a file of \(data.count)")
    }
    let start = 8 + Int(length)
    guard let table = try? JSONSerialization.jsonObject(with: data.subdata(in: 8..<start)) as? [String: Any] else {
      throw malformed("a table that is not JSON")
    }
    var entries: [String: Entry] = [:]
    for (name, value) in table where name != "__metadata__" {
      guard let fields = value as? [String: Any], let code = fields["dtype"] as? String,
        let type = ElementType(rawValue: code), let shape = fields["shape"] as? [Int],
        let offsets = fields["data_offsets"] as? [Int], offsets.count == 2,
        shape.allSatisfy({ $0 >= 0 }), 0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= data.count - start
      else { throw malformed("an unusable entry \(name)") }
      var size = type.size
      for extent in shape {
        let (product, overflow) = size.multipliedReportingOverflow(by: extent)
        guard !overflow else { throw malformed("a shape that overflows in \(name)") }
        size = product
      }
      guard size == offsets[1] - offsets[0] else { throw malformed("a shape and a byte range that differ in \(name)") }
      entries[name] = Entry(type: type, shape: shape, bytes: start + offsets[0]..<start + offsets[1])
    }
    self.url = url
    self.data = data
    inode = Self.inode(url)
    self.entries = entries
    self.metadata = table["__metadata__"] as? [String: String] ?? [:]
  }

  private static func inode(_ url: URL) -> ino_t {
    var status = stat()
    return stat(url.path, &status) == 0 ? status.st_ino : 0
  }

  /// The key of the checksum in the metadata.
  private static let checksumKey = "crc32"

  /// The checksum of the arrays that was stored with them; `nil` for files of other programs.
  public var checksum: String? { metadata[Self.checksumKey] }

  /// Reads the whole file and checks the arrays against the stored checksum, if there is one.
  ///
  /// - Throws: `InputError` when they differ: the file is damaged.
  public func checkIntegrity() throws {
    guard let checksum else { return }
    var found = Checksum()
    let start = entries.values.map(\.bytes.lowerBound).min() ?? 0
    let end = entries.values.map(\.bytes.upperBound).max() ?? 0
    data.withUnsafeBytes { found.add(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
    guard found.text == checksum else {
      throw InputError(
        url.path, found: "data with the checksum \(found.text)", expected: "\(checksum), which was stored with them",
        advice: "The file is damaged; use another copy.")
    }
  }

  /// Returns the entry called `name`.
  ///
  /// - Throws: `InputError` when there is none.
  public func entry(_ name: String) throws -> Entry {
    guard let entry = entries[name] else {
      throw InputError(url.path, found: "no tensor \(name)", expected: "one of that name")
    }
    return entry
  }

  /// Calls `body` with the bytes of an array, in place in the mapped file. They may be unaligned.
  ///
  /// - Throws: `InputError` when there is no array called `name` or the file has changed since it was opened, or what
  ///   `body` throws.
  public func withBytes<Result>(_ name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    let range = try entry(name).bytes
    // Touching a page beyond the end of a file that has been truncated would end the program. A file that was removed
    // or replaced stays mapped as it was.
    var status = stat()
    guard stat(url.path, &status) != 0 || status.st_ino != inode || Int(status.st_size) == data.count else {
      throw InputError(
        url.path, found: "a file that has changed since it was opened", expected: "the same \(data.count) bytes")
    }
    return try data.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  /// Returns an array of any type as 32-bit floats.
  ///
  /// - Throws: `InputError` when there is no array called `name`.
  public func floats(_ name: String) throws -> [Float] { try doublesOrFloats(name) }

  /// Returns an array of any type as 64-bit floats.
  ///
  /// - Throws: `InputError` when there is no array called `name`.
  public func doubles(_ name: String) throws -> [Double] { try doublesOrFloats(name) }

  /// Returns an array of any type as 32-bit integers.
  ///
  /// Fractions are rounded toward zero. A floating-point value that does not fit becomes 0, and a
  /// 64-bit integer keeps its lowest 32 bits.
  ///
  /// - Throws: `InputError` when there is no array called `name`.
  public func integers(_ name: String) throws -> [Int32] {
    switch try entry(name).type {
    case .int64: try map(name, Int64.self) { Int32(truncatingIfNeeded: $0) }
    case .int32: try map(name, Int32.self) { $0 }
    case .int16: try map(name, Int16.self) { Int32($0) }
    case .int8: try map(name, Int8.self) { Int32($0) }
    case .uint8, .bool: try map(name, UInt8.self) { Int32($0) }
    case .float64, .float32, .float16, .bfloat16: try doubles(name).map { Int32(exactly: $0.rounded(.towardZero)) ?? 0 }
    }
  }

  private func doublesOrFloats<Real: BinaryFloatingPoint>(_ name: String) throws -> [Real] {
    switch try entry(name).type {
    case .float64: try map(name, Double.self) { Real($0) }
    case .float32: try map(name, Float.self) { Real($0) }
    case .float16: try map(name, UInt16.self) { Real(Float(Float16(bitPattern: $0))) }
    case .bfloat16: try map(name, UInt16.self) { Real(Float(bitPattern: UInt32($0) << 16)) }
    case .int64: try map(name, Int64.self) { Real($0) }
    case .int32: try map(name, Int32.self) { Real($0) }
    case .int16: try map(name, Int16.self) { Real($0) }
    case .int8: try map(name, Int8.self) { Real($0) }
    case .uint8, .bool: try map(name, UInt8.self) { Real($0) }
    }
  }

  private func map<Stored, Value>(_ name: String, _: Stored.Type, _ convert: (Stored) -> Value) throws -> [Value] {
    try withBytes(name) { bytes in
      let stride = MemoryLayout<Stored>.stride
      return (0..<bytes.count / stride).map {
        convert(bytes.loadUnaligned(fromByteOffset: $0 * stride, as: Stored.self))
      }
    }
  }
}

extension Safetensors {
  /// A named array to be written to a file.
  public struct Tensor: Sendable {
    /// The name of the array in the file.
    public let name: String
    /// The type of the elements.
    public let type: ElementType
    /// The extent of each axis.
    public let shape: [Int]
    /// The number of bytes of all elements.
    let byteCount: Int
    /// Calls its argument with the elements in C order. They are not copied, because they may fill most of the memory.
    let withBytes: @Sendable ((UnsafeRawBufferPointer) throws -> Void) throws -> Void

    /// Creates an array of 32-bit floats, in C order.
    public init(_ name: String, shape: [Int], floats: [Float]) {
      self.init(name, .float32, shape, floats)
    }

    /// Creates an array of 64-bit floats, in C order.
    public init(_ name: String, shape: [Int], doubles: [Double]) {
      self.init(name, .float64, shape, doubles)
    }

    /// Creates an array of 16-bit signed integers, in C order.
    public init(_ name: String, shape: [Int], int16s: [Int16]) {
      self.init(name, .int16, shape, int16s)
    }

    /// Creates an array of 32-bit signed integers, in C order.
    public init(_ name: String, shape: [Int], int32s: [Int32]) {
      self.init(name, .int32, shape, int32s)
    }

    /// Creates an array of 8-bit unsigned integers, in C order.
    public init(_ name: String, shape: [Int], bytes: [UInt8]) {
      self.init(name, .uint8, shape, bytes)
    }

    private init<Element: Sendable>(_ name: String, _ type: ElementType, _ shape: [Int], _ values: [Element]) {
      precondition(values.count == shape.reduce(1, *), "values do not fill the shape")
      self.name = name
      self.type = type
      self.shape = shape
      byteCount = values.count * type.size
      withBytes = { body in try values.withUnsafeBytes(body) }
    }
  }

  /// Writes arrays to a file and replaces the file that was there.
  ///
  /// The table is sorted by name and the data start at a multiple of 8 bytes, so equal content
  /// gives equal files. The metadata receive the data's checksum, see ``checkIntegrity()``.
  ///
  /// - Parameters:
  ///   - tensors: The arrays; their names must differ.
  ///   - metadata: Texts to store with the arrays.
  ///   - url: The file to write.
  /// - Throws: `InputError` when the file cannot be written.
  public static func write(_ tensors: [Tensor], metadata: [String: String] = [:], to url: URL) throws {
    // With wider types first every array is aligned to its element size, as in the reference implementation.
    let ordered = tensors.sorted { ($0.type.size, $1.name) > ($1.type.size, $0.name) }
    var table: [String: Any] = [:]
    var offset = 0
    var checksum = Checksum()
    for tensor in ordered {
      try tensor.withBytes { checksum.add($0) }
      table[tensor.name] = [
        "dtype": tensor.type.rawValue, "shape": tensor.shape, "data_offsets": [offset, offset + tensor.byteCount],
      ]
      offset += tensor.byteCount
    }
    table["__metadata__"] = metadata.merging([checksumKey: checksum.text]) { $1 }
    var header = try JSONSerialization.data(withJSONObject: table, options: [.sortedKeys, .withoutEscapingSlashes])
    header.append(contentsOf: Array(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
    try AtomicFile.replace(url) { temporary in
      try Data().write(to: temporary)
      let file = try FileHandle(forWritingTo: temporary)
      defer { try? file.close() }
      try file.write(contentsOf: withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) })
      try file.write(contentsOf: header)
      let chunk = 1 << 26
      for tensor in ordered {
        try tensor.withBytes { bytes in
          for start in stride(from: 0, to: bytes.count, by: chunk) {
            try file.write(contentsOf: Data(bytes[start..<min(start + chunk, bytes.count)]))
          }
        }
      }
    }
  }
}
