/// A dense 3-D grid of voxels in axis order (z, y, x), x fastest: the order of voxels in a NIfTI file.
public struct Volume<Voxel: Sendable>: Sendable {
  /// Number of voxels along z, y and x.
  public let shape: [Int]
  /// The voxels, `shape[0] * shape[1] * shape[2]` of them.
  public var voxels: [Voxel]

  /// Creates a volume from its voxels, of which there must be as many as the shape needs.
  public init(shape: [Int], voxels: [Voxel]) {
    precondition(shape.count == 3 && voxels.count == shape[0] * shape[1] * shape[2], "voxels do not fill the shape")
    self.shape = shape
    self.voxels = voxels
  }

  /// Creates a volume with the same value in every voxel.
  @inlinable
  public init(shape: [Int], repeating voxel: Voxel) {
    self.init(shape: shape, voxels: Array(repeating: voxel, count: shape[0] * shape[1] * shape[2]))
  }

  /// The voxel at an index along each axis, counted from 0.
  @inlinable
  public subscript(z: Int, y: Int, x: Int) -> Voxel {
    get { voxels[(z * shape[1] + y) * shape[2] + x] }
    set { voxels[(z * shape[1] + y) * shape[2] + x] = newValue }
  }
}

extension Volume: Equatable where Voxel: Equatable {}
