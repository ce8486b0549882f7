import Foundation

/// How a volume is covered with overlapping tiles of the network's patch size, and how their voxels are weighted.
///
/// These are nnU-Net's rules. The weight of a voxel is a Gaussian of its distance to the center of the tile, so that
/// the borders of a tile, where the network sees less context, count little.
///
/// Weights and tile positions are both separable: w(z, y, x) = 10 · p(z) · p(y) · p(x) with a profile p for each axis,
/// and the tiles are all combinations of the starts along each axis. The sum of the weights over all tiles is therefore
/// a product too and needs no volume of its own. Weights and sums are 32-bit floats where nnU-Net has 16 bits.
public enum SlidingWindow {
  /// The first voxel of each tile along one axis: tiles are spread evenly from the first voxel to the last.
  ///
  /// There are ⌈(extent − tile) / (step · tile)⌉ + 1 tiles, and their starts are rounded half to even.
  ///
  /// - Parameters:
  ///   - extent: The number of voxels of the volume, at least `tile`.
  ///   - tile: The number of voxels of the patch.
  ///   - step: The largest distance between neighboring tiles as a share of the tile, in (0, 1].
  public static func starts(extent: Int, tile: Int, step: Double = 0.5) -> [Int] {
    precondition(tile > 0 && extent >= tile && step > 0 && step <= 1)
    let last = extent - tile
    let count = Int((Double(last) / max(1, step * Double(tile))).rounded(.up)) + 1
    guard count > 1 else { return [0] }
    let distance = Double(last) / Double(count - 1)
    return (0..<count).map { Int((distance * Double($0)).rounded(.toNearestOrEven)) }
  }

  /// The weights along one axis: a Gaussian with a standard deviation of tile / 8 voxels, 1 at voxel ⌊tile / 2⌋.
  ///
  /// - Parameter tile: The number of voxels of the patch.
  public static func profile(tile: Int) -> [Double] {
    let sigma = Double(tile) / 8
    let radius = Int(4 * sigma + 0.5)
    let weights = (0..<tile).map { voxel -> Double in
      let distance = voxel - tile / 2
      return abs(distance) > radius ? 0 : exp(-0.5 * Double(distance * distance) / (sigma * sigma))
    }
    // No weight may be 0: a voxel in a corner of the volume may be covered by one tile only.
    let smallest = weights.filter { $0 > 0 }.min() ?? 1
    return weights.map { max($0, smallest) }
  }

  /// The weights of a whole patch, (z, y, x) with x fastest, 10 at the peak.
  ///
  /// - Parameter patch: The shape of the patch, (z, y, x).
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

  /// For each voxel along one axis, the sum of the profiles of the tiles that cover it.
  static func coverage(extent: Int, tile: Int, starts: [Int]) -> [Double] {
    let weights = profile(tile: tile)
    var sums = Array(repeating: 0.0, count: extent)
    for start in starts {
      for voxel in 0..<tile { sums[start + voxel] += weights[voxel] }
    }
    return sums
  }
}
