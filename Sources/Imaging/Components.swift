import NIfTI

/// The connected parts of a mask: voxels that a path of neighbors joins, by faces, edges or corners (26 neighbors).
public enum Components {
  /// The largest part of a mask; of several equally large ones, all.
  public static func largest(of mask: Volume<Bool>) -> Volume<Bool> {
    var part = [Int32](repeating: 0, count: mask.voxels.count)
    var sizes = [0]
    mask.voxels.withUnsafeBufferPointer { inside in
      part.withUnsafeMutableBufferPointer { part in
        for seed in inside.indices where inside[seed] && part[seed] == 0 {
          sizes.append(fill(from: seed, number: Int32(sizes.count), inside, part, shape: mask.shape))
        }
      }
    }
    let most = sizes.max() ?? 0
    return Volume(shape: mask.shape, voxels: part.map { $0 > 0 && sizes[Int($0)] == most })
  }

  /// Numbers the part that a voxel belongs to, and counts its voxels.
  private static func fill(
    from seed: Int, number: Int32, _ mask: UnsafeBufferPointer<Bool>, _ part: UnsafeMutableBufferPointer<Int32>,
    shape: [Int]
  ) -> Int {
    let (depth, height, width) = (shape[0], shape[1], shape[2])
    part[seed] = number
    var stack = [seed]
    var size = 0
    while let voxel = stack.popLast() {
      size += 1
      let (z, y, x) = (voxel / (height * width), voxel / width % height, voxel % width)
      for nearZ in max(0, z - 1)...min(depth - 1, z + 1) {
        for nearY in max(0, y - 1)...min(height - 1, y + 1) {
          for nearX in max(0, x - 1)...min(width - 1, x + 1) {
            let near = (nearZ * height + nearY) * width + nearX
            guard mask[near], part[near] == 0 else { continue }
            part[near] = number
            stack.append(near)
          }
        }
      }
    }
    return size
  }
}
