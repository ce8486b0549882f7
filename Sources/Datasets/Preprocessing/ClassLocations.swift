import NIfTI
import Statistics

/// Some voxels of a label or region, from which training patches that must show it choose their center.
public struct ClassLocations: Sendable, Equatable {
  /// The label values that count.
  public let values: [Int]
  /// (z, y, x) of each voxel, one after the other; empty when the case has none of `values`.
  public let voxels: [Int32]

  public init(values: [Int], voxels: [Int32]) {
    self.values = values
    self.voxels = voxels
  }

  /// At least this many voxels of a class are kept, if it has them,
  private static let leastCount = 10_000
  /// and at least this share of them.
  private static let leastShare = 0.01

  /// Draws voxels of each foreground label (with regions: of each region), number for number as nnU-Net does with seed 1234.
  ///
  /// With an ignore label a last entry holds voxels of everything that was annotated.
  static func sample(_ labels: Volume<Int16>, _ description: DatasetDescription) -> [ClassLocations] {
    var classes = description.foregroundClasses.map(\.values)
    if description.ignoreLabel != nil { classes.append(annotated(description)) }
    let offsets = offsets(labels, of: Set(classes.joined()))
    var random = NumPyRandom(seed: 1234)
    let (rows, columns) = (labels.shape[1], labels.shape[2])
    return classes.map { values in
      let candidates = values.flatMap { offsets[$0] ?? [] }
      let count = max(min(leastCount, candidates.count), Int((leastShare * Double(candidates.count)).rounded(.up)))
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

  /// The values of all annotated voxels: -1, outside the nonzero region, and every label but ignore.
  static func annotated(_ description: DatasetDescription) -> [Int] { [-1] + description.allLabels }

  /// The voxels of each wanted value, in memory order.
  private static func offsets(_ labels: Volume<Int16>, of wanted: Set<Int>) -> [Int: [Int32]] {
    var offsets: [Int: [Int32]] = [:]
    for value in wanted {
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
