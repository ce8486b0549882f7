import NIfTI
import Statistics

/// A sample of the voxels of a label or region, on which training patches that must show it are centered.
public struct ClassLocations: Sendable, Equatable {
  /// The values of the label or region.
  public let values: [Int]
  /// The coordinates z, y, x of each voxel, one voxel after the other; empty when the case has none of `values`.
  public let voxels: [Int32]

  /// Creates a sample from voxel coordinates.
  public init(values: [Int], voxels: [Int32]) {
    self.values = values
    self.voxels = voxels
  }

  /// The number of voxels to keep of a class, or all if it has fewer.
  private static let minimumCount = 10_000
  /// The share of its voxels to keep of a class, where that is more than `minimumCount`.
  private static let minimumShare = 0.01

  /// Samples voxels of each foreground label, or of each region: of n voxels, max(min(10 000, n), ⌈n / 100⌉).
  ///
  /// The draws equal nnU-Net's with seed 1234. With an ignore label, a last entry holds voxels of everything annotated.
  static func sample(_ labels: Volume<Int16>, _ description: DatasetDescription) -> [ClassLocations] {
    var classes = description.foregroundClasses.map(\.values)
    if description.ignoreLabel != nil { classes.append(annotated(description)) }
    let offsets = offsets(labels, of: Set(classes.joined()))
    var random = NumPyRandom(seed: 1234)
    let (rows, columns) = (labels.shape[1], labels.shape[2])
    return classes.map { values in
      let candidates = values.flatMap { offsets[$0] ?? [] }
      let count = max(min(minimumCount, candidates.count), Int((minimumShare * Double(candidates.count)).rounded(.up)))
      guard count > 0 else { return ClassLocations(values: values, voxels: []) }
      var voxels: [Int32] = []
      voxels.reserveCapacity(3 * count)
      for chosen in random.choice(candidates.count, count) {
        let offset = Int(candidates[chosen])
        voxels.append(Int32(offset / (rows * columns)))
        voxels.append(Int32(offset / columns % rows))
        voxels.append(Int32(offset % columns))
      }
      return ClassLocations(values: values, voxels: voxels)
    }
  }

  /// The values of annotated voxels: every label except ignore, and -1, which stands for outside the nonzero region.
  static func annotated(_ description: DatasetDescription) -> [Int] { [-1] + description.allLabels }

  /// The offsets of the voxels of each value, in memory order.
  private static func offsets(_ labels: Volume<Int16>, of values: Set<Int>) -> [Int: [Int32]] {
    var offsets: [Int: [Int32]] = [:]
    for value in values {
      let target = Int16(value)
      var found: [Int32] = []
      labels.voxels.withUnsafeBufferPointer { voxels in
        for offset in voxels.indices where voxels[offset] == target { found.append(Int32(offset)) }
      }
      offsets[value] = found
    }
    return offsets
  }
}
