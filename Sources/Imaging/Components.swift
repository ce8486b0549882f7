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

  /// The connected parts of equal codes.
  ///
  /// - Parameter codes: What each voxel belongs to; 0 belongs to no part.
  /// - Returns: The indices of each part's voxels, ascending; the largest part first, of equal ones that which begins
  ///   first.
  public static func parts(of codes: Volume<Int32>) -> [[Int]] {
    var component = [Int32](repeating: 0, count: codes.voxels.count)
    var sizes = [0]
    codes.voxels.withUnsafeBufferPointer { values in
      component.withUnsafeMutableBufferPointer { component in
        for seed in values.indices where values[seed] != 0 && component[seed] == 0 {
          sizes.append(fill(from: seed, number: Int32(sizes.count), values, component, shape: codes.shape))
        }
      }
    }
    var parts = sizes.dropFirst().map { size -> [Int] in
      var voxels: [Int] = []
      voxels.reserveCapacity(size)
      return voxels
    }
    for (voxel, number) in component.enumerated() where number != 0 { parts[Int(number) - 1].append(voxel) }
    return parts.sorted { ($1.count, $0[0]) < ($0.count, $1[0]) }
  }

  /// Numbers the part that contains `seed`: voxels of the same value that are neighbors.
  ///
  /// - Returns: The number of its voxels.
  private static func fill<Value: Equatable>(
    from seed: Int, number: Int32, _ values: UnsafeBufferPointer<Value>,
    _ component: UnsafeMutableBufferPointer<Int32>, shape: [Int]
  ) -> Int {
    let (depth, height, width) = (shape[0], shape[1], shape[2])
    let value = values[seed]
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
            guard values[neighbor] == value, component[neighbor] == 0 else { continue }
            component[neighbor] = number
            stack.append(neighbor)
          }
        }
      }
    }
    return size
  }
}
