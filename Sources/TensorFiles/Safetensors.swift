import Files
import Foundation

/// A safetensors file, memory-mapped: a JSON table of named arrays, then their bytes, little-endian and in C order.
///
/// Weights, preprocessed cases and probabilities are kept in this format. `PyTorchFile` gives its arrays in the same way.
public struct Safetensors: Sendable {
  /// How the elements of an array are stored.
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

    /// Bytes an element takes.
    public var size: Int {
      switch self {
      case .float64, .int64: 8
      case .float32, .int32: 4
      case .float16, .bfloat16, .int16: 2
      case .int8, .uint8, .bool: 1
      }
    }
  }

  /// Where an array lies in the file.
  public struct Entry: Sendable, Equatable {
    public let type: ElementType
    public let shape: [Int]
    let bytes: Range<Int>
  }

  public let url: URL
  public let metadata: [String: String]
  public let entries: [String: Entry]
  private let data: Data

  /// Arrays that lie in a mapped file of another format.
  init(url: URL, data: Data, entries: [String: Entry]) {
    self.url = url
    self.data = data
    self.entries = entries
    metadata = [:]
  }

  /// Maps a file and checks its table against the file's real size.
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
    self.entries = entries
    self.metadata = table["__metadata__"] as? [String: String] ?? [:]
  }

  /// The entry called `name`.
  ///
  /// - Throws: `InputError` when there is none.
  public func entry(_ name: String) throws -> Entry {
    guard let entry = entries[name] else {
      throw InputError(url.path, found: "no tensor \(name)", expected: "one of that name")
    }
    return entry
  }

  /// Runs `body` over the bytes of an array where they lie in the mapped file; they may be unaligned.
  public func withBytes<Result>(_ name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
    let range = try entry(name).bytes
    return try data.withUnsafeBytes { try body(UnsafeRawBufferPointer(rebasing: $0[range])) }
  }

  /// An array as 32-bit floats, whatever type it is stored in.
  public func floats(_ name: String) throws -> [Float] { try doublesOrFloats(name) }

  /// An array as 64-bit floats.
  public func doubles(_ name: String) throws -> [Double] { try doublesOrFloats(name) }

  /// An array as 32-bit integers; real values are truncated.
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
    case .float16: try map(name, UInt16.self) { Real(Self.float(half: $0)) }
    case .bfloat16: try map(name, UInt16.self) { Real(Float(bitPattern: UInt32($0) << 16)) }
    case .int64: try map(name, Int64.self) { Real($0) }
    case .int32: try map(name, Int32.self) { Real($0) }
    case .int16: try map(name, Int16.self) { Real($0) }
    case .int8: try map(name, Int8.self) { Real($0) }
    case .uint8, .bool: try map(name, UInt8.self) { Real($0) }
    }
  }

  private func map<Stored, Wanted>(_ name: String, _: Stored.Type, _ convert: (Stored) -> Wanted) throws -> [Wanted] {
    try withBytes(name) { bytes in
      let stride = MemoryLayout<Stored>.stride
      return (0..<bytes.count / stride).map {
        convert(bytes.loadUnaligned(fromByteOffset: $0 * stride, as: Stored.self))
      }
    }
  }

  private static func float(half bits: UInt16) -> Float {
    let sign: Float = bits & 0x8000 == 0 ? 1 : -1
    let exponent = Int(bits >> 10 & 0x1f)
    let fraction = Float(bits & 0x3ff)
    switch exponent {
    case 0: return sign * fraction * 0x1p-24
    case 31: return fraction == 0 ? sign * .infinity : .nan
    default: return sign * Float(sign: .plus, exponent: exponent - 25, significand: fraction + 1024)
    }
  }
}

extension Safetensors {
  /// An array to be written.
  public struct Tensor: Sendable {
    public let name: String
    public let type: ElementType
    public let shape: [Int]
    let bytes: [UInt8]

    public init(_ name: String, shape: [Int], floats: [Float]) {
      self.init(name, .float32, shape, floats)
    }
    public init(_ name: String, shape: [Int], doubles: [Double]) {
      self.init(name, .float64, shape, doubles)
    }
    public init(_ name: String, shape: [Int], int16s: [Int16]) {
      self.init(name, .int16, shape, int16s)
    }
    public init(_ name: String, shape: [Int], int32s: [Int32]) {
      self.init(name, .int32, shape, int32s)
    }
    public init(_ name: String, shape: [Int], bytes: [UInt8]) {
      self.init(name, .uint8, shape, bytes)
    }

    private init<Element>(_ name: String, _ type: ElementType, _ shape: [Int], _ values: [Element]) {
      precondition(values.count == shape.reduce(1, *), "values do not fill the shape")
      self.name = name
      self.type = type
      self.shape = shape
      self.bytes = values.withUnsafeBytes { Array($0) }
    }
  }

  /// Writes arrays as one file, replacing what was there. Tables are sorted by name and the data are aligned to 8 bytes, so equal
  /// content gives equal files.
  ///
  /// - Throws: `InputError` when the place cannot be written.
  public static func write(_ tensors: [Tensor], metadata: [String: String] = [:], to url: URL) throws {
    // Wider types first keeps every array aligned to its own size, as the reference implementation does.
    let ordered = tensors.sorted { ($0.type.size, $1.name) > ($1.type.size, $0.name) }
    var table: [String: Any] = [:]
    if !metadata.isEmpty { table["__metadata__"] = metadata }
    var offset = 0
    for tensor in ordered {
      table[tensor.name] = [
        "dtype": tensor.type.rawValue, "shape": tensor.shape, "data_offsets": [offset, offset + tensor.bytes.count],
      ]
      offset += tensor.bytes.count
    }
    var header = try JSONSerialization.data(withJSONObject: table, options: [.sortedKeys, .withoutEscapingSlashes])
    header.append(contentsOf: Array(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8))
    try AtomicFile.replace(url) { temporary in
      try Data().write(to: temporary)
      let file = try FileHandle(forWritingTo: temporary)
      defer { try? file.close() }
      try file.write(contentsOf: withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) })
      try file.write(contentsOf: header)
      for tensor in ordered { try file.write(contentsOf: tensor.bytes) }
    }
  }
}
