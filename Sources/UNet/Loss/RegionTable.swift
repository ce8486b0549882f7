import Foundation

/// Which label belongs to which regions, and the voxels' part in the loss of regions.
struct RegionTable: Sendable {
  private let channels: Int
  /// (label, region): 1 where the label belongs to the region.
  private let table: [Float]

  /// - Parameter regions: The label values of each.
  init(_ regions: [[Int]]) {
    channels = regions.count
    table = (0...max(0, regions.joined().max() ?? 0)).flatMap { label in regions.map { $0.contains(label) ? 1 : 0 } }
  }

  /// Sigmoid of each voxel's logits, and what the voxels add to the sums of `DiceCrossEntropy`; ignored ones add
  /// nothing.
  func probabilities(
    _ logits: UnsafePointer<Float>, _ labels: UnsafePointer<Int16>, voxels: Range<Int>, ignored: Int16,
    sums: UnsafeMutablePointer<Double>, into probabilities: UnsafeMutablePointer<Float>
  ) {
    let overlaps = sums + 2
    let (predicted, present) = (overlaps + channels, overlaps + 2 * channels)
    var (crossEntropy, counted) = (0.0, 0)
    table.withUnsafeBufferPointer { table in
      for v in voxels where labels[v] != ignored {
        let first = Int(labels[v]) * channels
        for c in 0..<channels {
          let (z, g) = (logits[v * channels + c], table[first + c])
          let small = expf(-abs(z))
          let p = (z > 0 ? 1 : small) / (1 + small)
          probabilities[v * channels + c] = p
          crossEntropy += Double(max(z, 0) - z * g + log1pf(small))
          overlaps[c] += Double(p * g)
          predicted[c] += Double(p)
          present[c] += Double(g)
        }
        counted += 1
      }
    }
    sums[0] = crossEntropy
    sums[1] = Double(counted)
  }

  /// Replaces probabilities by the gradient by the logits: `factor` times that of the binary cross-entropies, and what
  /// follows from the gradient by probability c, which is constant[c], and atLabel[c] more where the label is of region
  /// c.
  func differentiate(
    _ rows: UnsafeMutablePointer<Float>, _ labels: UnsafePointer<Int16>, voxels: Range<Int>, ignored: Int16,
    factor: Float, constant: UnsafePointer<Float>, atLabel: UnsafePointer<Float>
  ) {
    table.withUnsafeBufferPointer { table in
      for v in voxels {
        let row = rows + v * channels
        guard labels[v] != ignored else {
          row.update(repeating: 0, count: channels)
          continue
        }
        let first = Int(labels[v]) * channels
        for c in 0..<channels {
          let (p, g) = (row[c], table[first + c])
          row[c] = factor * (p - g) + (constant[c] + g * atLabel[c]) * p * (1 - p)
        }
      }
    }
  }
}
