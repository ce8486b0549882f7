import NIfTI

/// The mask of nnU-Net's crop to nonzero: all voxels that are nonzero in at least one channel, and
/// the holes that they enclose.
public struct NonzeroMask: Sendable {
  /// The number of voxels along z, y and x.
  public let shape: [Int]
  /// Whether each voxel is inside the mask, x fastest.
  public let isInside: [Bool]

  /// Finds the mask of a case.
  ///
  /// - Parameter channels: The channels of the case, at least one, all of one shape.
  public init(_ channels: [Volume<Float>]) {
    shape = channels[0].shape
    var mask = [Bool](repeating: false, count: channels[0].voxels.count)
    mask.withUnsafeMutableBufferPointer { mask in
      for channel in channels {
        channel.voxels.withUnsafeBufferPointer { voxels in
          for i in voxels.indices where voxels[i] != 0 { mask[i] = true }
        }
      }
    }
    Self.fillHoles(&mask, shape)
    isInside = mask
  }

  /// The smallest box around the mask, or the whole grid when the mask is empty.
  public var boundingBox: BoundingBox {
    var box = BoundingBox(lower: shape, upper: [0, 0, 0])
    var i = 0
    for z in 0..<shape[0] {
      for y in 0..<shape[1] {
        for x in 0..<shape[2] {
          if isInside[i] {
            let position = [z, y, x]
            for axis in 0..<3 {
              if position[axis] < box.lower[axis] { box.lower[axis] = position[axis] }
              if position[axis] >= box.upper[axis] { box.upper[axis] = position[axis] + 1 }
            }
          }
          i += 1
        }
      }
    }
    return box.upper == [0, 0, 0] ? BoundingBox(whole: shape) : box
  }

  /// Adds holes to the mask: background that no path through faces of voxels connects to the border
  /// of the grid.
  private static func fillHoles(_ mask: inout [Bool], _ shape: [Int]) {
    let (depth, height, width) = (shape[0], shape[1], shape[2])
    var outside = [Bool](repeating: false, count: mask.count)
    var stack: [Int] = []
    mask.withUnsafeMutableBufferPointer { mask in
      outside.withUnsafeMutableBufferPointer { outside in
        func visit(_ i: Int) {
          guard !mask[i], !outside[i] else { return }
          outside[i] = true
          stack.append(i)
        }
        for z in 0..<depth {
          for y in 0..<height {
            let line = (z * height + y) * width
            if z == 0 || z == depth - 1 || y == 0 || y == height - 1 {
              for x in 0..<width { visit(line + x) }
            } else {
              visit(line)
              visit(line + width - 1)
            }
          }
        }
        while let i = stack.popLast() {
          let x = i % width
          let y = i / width % height
          let z = i / (width * height)
          if x > 0 { visit(i - 1) }
          if x + 1 < width { visit(i + 1) }
          if y > 0 { visit(i - width) }
          if y + 1 < height { visit(i + width) }
          if z > 0 { visit(i - width * height) }
          if z + 1 < depth { visit(i + width * height) }
        }
        for i in mask.indices { mask[i] = !outside[i] }
      }
    }
  }
}
