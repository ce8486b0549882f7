import CNIfTI
import Foundation
import NIfTI
import Testing

@testable import Reports

/// Protects pictures of cases: pixels arrive as they were, and contours are where labels meet.
@Suite struct PictureTests {
  /// A PNG is read back with zlib alone, chunk by chunk.
  @Test(arguments: [(1, 1), (7, 3), (64, 50)]) func pngKeepsItsPixels(width: Int, height: Int) throws {
    let pixels = (0..<(width * height)).map { UInt8(truncatingIfNeeded: $0 * 37) }
    let png = [UInt8](PNG.data(pixels, width: width))
    #expect(png.prefix(8) == [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A])
    var chunks: [String: [UInt8]] = [:]
    var position = 8
    while position < png.count {
      let length = Self.number(png[position...])
      let body = Array(png[(position + 4)..<(position + 8 + length)])
      #expect(Self.number(png[(position + 8 + length)...]) == Int(crc32(0, body, uInt(body.count))))
      chunks[String(decoding: body.prefix(4), as: UTF8.self)] = Array(body.dropFirst(4))
      position += 12 + length
    }
    let header = try #require(chunks["IHDR"])
    #expect(Self.number(header[0...]) == width && Self.number(header[4...]) == height)
    #expect(header.suffix(5) == [8, 0, 0, 0, 0])
    #expect(chunks["IEND"] == [])
    let content = try #require(chunks["IDAT"])
    var count = uLong((width + 1) * height)
    var rows = [UInt8](repeating: 0, count: Int(count))
    #expect(uncompress(&rows, &count, content, uLong(content.count)) == Z_OK && count == rows.count)
    for row in 0..<height {
      #expect(
        Array(rows[(row * (width + 1))..<((row + 1) * (width + 1))]) == [0]
          + pixels[(row * width)..<((row + 1) * width)])
    }
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int { bytes.prefix(4).reduce(0) { $0 << 8 + Int($1) } }

  /// Rows run from the top, where the vertical axis is highest.
  @Test func planesShowTheAxesOfTheFile() {
    let volume = Volume(shape: [2, 3, 4], voxels: (0..<24).map { Int32($0) })
    let box = [0..<2, 1..<3, 0..<4]
    #expect(Plane(volume, across: 0, at: 1, in: box).pixels == [20, 21, 22, 23, 16, 17, 18, 19])
    #expect(Plane(volume, across: 1, at: 2, in: box).pixels == [20, 21, 22, 23, 8, 9, 10, 11])
    let sagittal = Plane(volume, across: 2, at: 3, in: box)
    #expect(sagittal.pixels == [19, 23, 7, 11])
    #expect(sagittal.width == 2 && sagittal.height == 2)
  }

  @Test func largePlanesAreReduced() {
    let volume = Volume<Float>(shape: [1, 2, 5], voxels: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    let plane = Plane(volume, across: 0, at: 0, in: [0..<1, 0..<2, 0..<5])
    #expect(plane.reduced(to: 5).pixels == [6, 7, 8, 9, 10, 1, 2, 3, 4, 5])
    // Columns 0 and 1, and columns 2 to 4.
    #expect(plane.reduced(to: 2).pixels == [6.5, 9, 1.5, 4])
    #expect(plane.reduced(to: 1).pixels == [5.5])
  }

  @Test func contoursSeparateLabels() {
    let square = Volume<Int32>(shape: [1, 4, 4], voxels: [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0])
    let box = [0..<1, 0..<4, 0..<4]
    #expect(Plane(square, across: 0, at: 0, in: box).contours == "M1 1h2M1 3h2M1 1v2M3 1v2")
    let two = Volume<Int32>(shape: [1, 2, 4], voxels: [1, 2, 2, 1, 1, 2, 2, 1])
    #expect(Plane(two, across: 0, at: 0, in: [0..<1, 0..<2, 0..<4]).contours == "M1 0v2M3 0v2")
    let empty = Volume<Int32>(shape: [1, 1, 1], voxels: [3])
    #expect(Plane(empty, across: 0, at: 0, in: [0..<1, 0..<1, 0..<1]).contours == "")
  }
}
