import CNIfTI

/// The CRC-32 of bytes that come in pieces, by zlib.
public struct Checksum {
  private var value = crc32_z(0, nil, 0)

  /// Begins with no bytes.
  public init() {}

  /// The checksum of a text in UTF-8.
  public init(_ text: String) {
    var text = text
    text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
  }

  /// Continues with more bytes.
  public mutating func add(_ bytes: UnsafeRawBufferPointer) {
    value = crc32_z(value, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
  }

  /// Eight hexadecimal digits.
  public var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
