import CNIfTI

/// The CRC-32 of bytes that come in pieces, by zlib.
struct Checksum {
  private var value = crc32_z(0, nil, 0)

  /// Continues with more bytes.
  mutating func add(_ bytes: UnsafeRawBufferPointer) {
    value = crc32_z(value, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count)
  }

  /// Eight hexadecimal digits.
  var text: String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
