import Foundation

/// How a volume is covered with overlapping tiles of the network's patch size, and how much each voxel of a tile counts.
///
/// nnU-Net's rules. The weight of a voxel is a Gaussian of its distance to the tile's center, so that the tiles' rims, where the
/// network sees less context, count little. The map is the product of one profile an axis, and the tiles are the product of the
/// starts an axis; the sum of the weights over all tiles is therefore a product too and needs no volume of its own. Unlike
/// nnU-Net's, weights and sums are kept in 32-bit and not in 16-bit floats.
public enum SlidingWindow {
  /// Starts of the tiles along one axis, in voxels, evenly spread from the first voxel to the last.
  ///
  /// - Parameters:
  ///   - extent: number of voxels of the image; no fewer than `tile`.
  ///   - tile: number of voxels of the patch.
  ///   - step: largest distance between two tiles as a part of the tile's size, in (0, 1].
  public static func starts(extent: Int, tile: Int, step: Double = 0.5) -> [Int] {
    precondition(tile > 0 && extent >= tile && step > 0 && step <= 1)
    let last = extent - tile
    let count = Int((Double(last) / max(1, step * Double(tile))).rounded(.up)) + 1
    guard count > 1 else { return [0] }
    let distance = Double(last) / Double(count - 1)
    return (0..<count).map { Int((distance * Double($0)).rounded(.toNearestOrEven)) }
  }

  /// Weights along one axis: a Gaussian of standard deviation `tile / 8` voxels around voxel `tile / 2`, where it is 1.
  public static func profile(tile: Int) -> [Double] {
    let sigma = Double(tile) / 8
    let radius = Int(4 * sigma + 0.5)
    let weights = (0..<tile).map { voxel -> Double in
      let distance = voxel - tile / 2
      return abs(distance) > radius ? 0 : exp(-0.5 * Double(distance * distance) / (sigma * sigma))
    }
    // A tile's corner still needs a weight where no other tile covers it.
    let smallest = weights.filter { $0 > 0 }.min() ?? 1
    return weights.map { max($0, smallest) }
  }

  /// The weight map of a whole patch (z, y, x), 10 at its peak.
  public static func gaussian(patch: [Int]) -> [Float] {
    precondition(patch.count == 3)
    let profiles = patch.map(profile)
    var map: [Float] = []
    map.reserveCapacity(patch[0] * patch[1] * patch[2])
    for z in profiles[0] {
      for y in profiles[1] {
        let row = peak * z * y
        for x in profiles[2] { map.append(Float(row * x)) }
      }
    }
    return map
  }

  /// The largest weight.
  static let peak = 10.0

  /// Sum along one axis of the profiles of all tiles that cover a voxel.
  static func coverage(extent: Int, tile: Int, starts: [Int]) -> [Double] {
    let weights = profile(tile: tile)
    var sums = Array(repeating: 0.0, count: extent)
    for start in starts {
      for voxel in 0..<tile { sums[start + voxel] += weights[voxel] }
    }
    return sums
  }
}
