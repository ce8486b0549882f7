import NIfTI

extension Volume {
  /// The volume with its axes in another order.
  ///
  /// - Parameter order: A permutation of 0, 1 and 2. Axis i of the result is axis `order[i]` of
  ///   this volume.
  public func transposed(_ order: [Int]) -> Volume {
    if order == [0, 1, 2] { return self }
    let steps = [shape[1] * shape[2], shape[2], 1]
    let newShape = order.map { shape[$0] }
    let (stepZ, stepY, stepX) = (steps[order[0]], steps[order[1]], steps[order[2]])
    let moved = voxels.withUnsafeBufferPointer { source in
      [Voxel](unsafeUninitializedCapacity: source.count) { target, count in
        var next = 0
        for z in 0..<newShape[0] {
          for y in 0..<newShape[1] {
            var offset = z * stepZ + y * stepY
            for _ in 0..<newShape[2] {
              target.initializeElement(at: next, to: source[offset])
              next += 1
              offset += stepX
            }
          }
        }
        count = next
      }
    }
    return Volume(shape: newShape, voxels: moved)
  }
}
