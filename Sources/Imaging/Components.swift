import NIfTI

/// Connected components of a mask. Voxels that share a face, an edge or a corner are neighbors
/// (26-connectivity).
public enum Components {
  /// The largest component of a mask, or all of the largest ones when several are equally large.
  public static func largest(of mask: Volume<Bool>) -> Volume<Bool> {
    var component = [Int32](repeating: 0, count: mask.voxels.count)
    var sizes = [0]
    mask.voxels.withUnsafeBufferPointer { inside in
      component.withUnsafeMutableBufferPointer { component in
        for seed in inside.indices where inside[seed] && component[seed] == 0 {
          sizes.append(fill(from: seed, number: Int32(sizes.count), inside, component, shape: mask.shape))
        }
      }
    }
    let largestSize = sizes.max() ?? 0
    return Volume(shape: mask.shape, voxels: component.map { $0 > 0 && sizes[Int($0)] == largestSize })
  }

  /// Numbers the component that contains `seed`.
  ///
  /// - Returns: The number of its voxels.
  private static func fill(
    from seed: Int, number: Int32, _ mask: UnsafeBufferPointer<Bool>,
    _ component: UnsafeMutableBufferPointer<Int32>, shape: [Int]
  ) -> Int {
    let (depth, height, width) = (shape[0], shape[1], shape[2])
    component[seed] = number
    var stack = [seed]
    var size = 0
    while let voxel = stack.popLast() {
      size += 1
      let (z, y, x) = (voxel / (height * width), voxel / width % height, voxel % width)
      for nearZ in max(0, z - 1)...min(depth - 1, z + 1) {
        for nearY in max(0, y - 1)...min(height - 1, y + 1) {
          for nearX in max(0, x - 1)...min(width - 1, x + 1) {
            let neighbor = (nearZ * height + nearY) * width + nearX
            guard mask[neighbor], component[neighbor] == 0 else { continue }
            component[neighbor] = number
            stack.append(neighbor)
          }
        }
      }
    }
    return size
  }
}
