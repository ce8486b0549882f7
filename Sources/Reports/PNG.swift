import CNIfTI
import Foundation

/// Grayscale pictures as PNG (ISO/IEC 15948).
enum PNG {
  /// - Parameters:
  ///   - pixels: The rows from top to bottom, one byte for each pixel, 0 is black.
  ///   - width: The number of pixels in a row.
  static func data(_ pixels: [UInt8], width: Int) -> Data {
    let height = pixels.count / width
    // A row begins with its filter; 0 keeps the bytes as they are.
    let rows = (0..<height).flatMap { [0] + pixels[($0 * width)..<(($0 + 1) * width)] }
    // 8 bits for each pixel, grayscale, and the only defined compression, filter method and order.
    let header = bytes(width) + bytes(height) + [8, 0, 0, 0, 0]
    let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    return Data(signature + chunk("IHDR", header) + chunk("IDAT", compressed(rows)) + chunk("IEND", []))
  }

  private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    return bytes(content.count) + body + bytes(Int(crc32(0, body, uInt(body.count))))
  }

  /// A number as four bytes, the most significant first.
  private static func bytes(_ number: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) }
  }

  private static func compressed(_ content: [UInt8]) -> [UInt8] {
    var count = compressBound(uLong(content.count))
    var result = [UInt8](repeating: 0, count: Int(count))
    let status = compress2(&result, &count, content, uLong(content.count), Z_BEST_COMPRESSION)
    precondition(status == Z_OK, "zlib compresses into a buffer of compressBound bytes")
    return Array(result.prefix(Int(count)))
  }
}
