import NIfTI

/// A slice of a volume across one axis, as it is shown: the highest index along the vertical axis is at the top.
struct Plane<Pixel: Sendable> {
  let width: Int
  let height: Int
  let pixels: [Pixel]

  /// - Parameters:
  ///   - volume: The volume.
  ///   - axis: The axis that the slice is across: 0 for z, 1 for y, 2 for x.
  ///   - index: The position along `axis`.
  ///   - box: The voxels to show along z, y and x; the part along `axis` is not used.
  init(_ volume: Volume<Pixel>, across axis: Int, at index: Int, in box: [Range<Int>]) {
    let (vertical, horizontal) = Self.axes(across: axis)
    width = box[horizontal].count
    height = box[vertical].count
    var pixels: [Pixel] = []
    pixels.reserveCapacity(width * height)
    var position = [index, index, index]
    for row in box[vertical].reversed() {
      for column in box[horizontal] {
        position[vertical] = row
        position[horizontal] = column
        pixels.append(volume[position[0], position[1], position[2]])
      }
    }
    self.pixels = pixels
  }

  private init(width: Int, height: Int, pixels: [Pixel]) {
    (self.width, self.height, self.pixels) = (width, height, pixels)
  }

  /// The vertical and the horizontal axis of a slice.
  static func axes(across axis: Int) -> (vertical: Int, horizontal: Int) {
    axis == 0 ? (1, 2) : axis == 1 ? (0, 2) : (0, 1)
  }

  subscript(row: Int, column: Int) -> Pixel { pixels[row * width + column] }
}

extension Plane where Pixel == Float {
  /// The plane with at most `limit` pixels along each side, each the mean of those that it stands for: a slice of a CT
  /// would need more bytes than a page has for it.
  func reduced(to limit: Int) -> Plane {
    let (rows, columns) = (min(height, limit), min(width, limit))
    var pixels: [Float] = []
    for row in 0..<rows {
      for column in 0..<columns {
        let (top, bottom) = (row * height / rows, (row + 1) * height / rows)
        let (left, right) = (column * width / columns, (column + 1) * width / columns)
        var sum: Float = 0
        for y in top..<bottom { for x in left..<right { sum += self[y, x] } }
        pixels.append(sum / Float((bottom - top) * (right - left)))
      }
    }
    return Plane(width: columns, height: rows, pixels: pixels)
  }
}

extension Plane where Pixel: Equatable {
  /// The borders between pixels that differ, as the path of an SVG whose unit is a pixel.
  var contours: String {
    var path = ""
    for row in 1..<max(height, 1) {
      forEachRun(width) {
        self[row - 1, $0] != self[row, $0]
      } body: {
        path += "M\($0.lowerBound) \(row)h\($0.count)"
      }
    }
    for column in 1..<max(width, 1) {
      forEachRun(height) {
        self[$0, column - 1] != self[$0, column]
      } body: {
        path += "M\(column) \($0.lowerBound)v\($0.count)"
      }
    }
    return path
  }

  private func forEachRun(_ count: Int, where isBorder: (Int) -> Bool, body: (Range<Int>) -> Void) {
    var start: Int?
    for index in 0...count {
      let belongs = index < count && isBorder(index)
      if belongs, start == nil { start = index }
      if !belongs, let first = start {
        body(first..<index)
        start = nil
      }
    }
  }
}
