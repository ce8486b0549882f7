import NIfTI

/// A box of voxels: the half-open ranges `lower[i]..<upper[i]` along the axes (z, y, x).
public struct BoundingBox: Sendable, Equatable, Codable {
  /// The first index along z, y and x.
  public var lower: [Int]
  /// One past the last index along z, y and x.
  public var upper: [Int]

  /// Creates a box from its bounds.
  public init(lower: [Int], upper: [Int]) {
    self.lower = lower
    self.upper = upper
  }

  /// Creates the box of all voxels of a grid.
  public init(whole shape: [Int]) { self.init(lower: [0, 0, 0], upper: shape) }

  /// The number of voxels along z, y and x.
  public var shape: [Int] { zip(upper, lower).map { $0 - $1 } }
}

extension Volume {
  /// The voxels within `box`, which must lie inside the volume.
  public func cropped(to box: BoundingBox) -> Volume {
    if box.shape == shape { return self }
    var result: [Voxel] = []
    result.reserveCapacity(box.shape.reduce(1, *))
    for z in box.lower[0]..<box.upper[0] {
      for y in box.lower[1]..<box.upper[1] {
        let line = (z * shape[1] + y) * shape[2]
        result.append(contentsOf: voxels[line + box.lower[2]..<line + box.upper[2]])
      }
    }
    return Volume(shape: box.shape, voxels: result)
  }

  /// A larger volume that contains this one.
  ///
  /// - Parameters:
  ///   - box: The box that this volume fills; it has the same shape.
  ///   - shape: The shape of the result.
  ///   - background: The value of all other voxels.
  public func inserted(at box: BoundingBox, of shape: [Int], background: Voxel) -> Volume {
    if box.shape == shape { return self }
    var result = Volume(shape: shape, repeating: background)
    let width = self.shape[2]
    for z in 0..<self.shape[0] {
      for y in 0..<self.shape[1] {
        let line = ((z + box.lower[0]) * shape[1] + y + box.lower[1]) * shape[2] + box.lower[2]
        let source = (z * self.shape[1] + y) * width
        result.voxels.replaceSubrange(line..<line + width, with: voxels[source..<source + width])
      }
    }
    return result
  }
}
