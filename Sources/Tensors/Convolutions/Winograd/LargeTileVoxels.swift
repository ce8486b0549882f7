/// Sixteen channels of 6 x 6 voxels with the same x.
protocol Voxels {
  /// The channels of the voxel in plane `z` and row `y`, each from 0 to 5.
  func load(_ z: Int, _ y: Int) -> SIMD16<Float>
}

/// Voxels that are all inside the volume.
struct PlainVoxels: Voxels {
  /// The first voxel.
  let start: UnsafePointer<Float>
  /// Floats from one row and plane to the next.
  let row, plane: Int

  @inline(__always)
  func load(_ z: Int, _ y: Int) -> SIMD16<Float> { Float.load(start + z * plane + y * row) }
}

/// Voxels that a map is applied to.
struct MappedVoxels: Voxels {
  let voxels: PlainVoxels
  let factor, offset: SIMD16<Float>
  let slope: Float

  /// - Parameter index: The sample and the first channel.
  @inline(__always)
  init(_ voxels: PlainVoxels, _ map: ChannelMap, index: Int) {
    self.voxels = voxels
    (factor, offset) = (Float.load(map.factor.pointer + index), Float.load(map.offset.pointer + index))
    slope = map.slope
  }

  @inline(__always)
  func load(_ z: Int, _ y: Int) -> SIMD16<Float> {
    let value = offset.addingProduct(factor, voxels.load(z, y))
    let flat = slope * value
    return flat.replacing(with: value, where: value .> flat)
  }
}

/// Voxels some of which are outside the volume, where they are zeros.
struct EdgeVoxels<Inside: Voxels>: Voxels {
  let voxels: Inside
  /// A bit for each row, z times six plus y.
  let inside: UInt64

  @inline(__always)
  func load(_ z: Int, _ y: Int) -> SIMD16<Float> {
    inside >> UInt64(6 * z + y) & 1 == 1 ? voxels.load(z, y) : .zero
  }
}
