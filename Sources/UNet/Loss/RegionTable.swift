import Foundation

/// The regions that each label belongs to, and the loss of voxels for regions.
///
/// For the logits z of a voxel with label l, and g[r] = 1 if region r contains l, else 0:
///
///     p[r]                 = 1 / (1 + exp(-z[r]))
///     binary cross-entropy = -g[r] * log(p[r]) - (1 - g[r]) * log(1 - p[r])
///                          = max(z[r], 0) - z[r] * g[r] + log(1 + exp(-|z[r]|))
///
/// The last form cannot overflow. Region r is output channel r.
struct RegionTable: Sendable {
  private let channels: Int
  /// (label, region): g, which is 1 if the region contains the label, else 0.
  private let table: [Float]

  /// - Parameter regions: The label values of each region.
  init(_ regions: [[Int]]) {
    channels = regions.count
    table = (0...max(0, regions.joined().max() ?? 0)).flatMap { label in regions.map { $0.contains(label) ? 1 : 0 } }
  }

  /// Whether a region contains a label.
  func contains(_ label: Int, region: Int) -> Bool { table[label * channels + region] > 0 }

  /// Computes the probabilities of voxels and their sums for `DiceCrossEntropy`.
  ///
  /// - Parameters:
  ///   - logits: The logits, (voxel, channel).
  ///   - labels: The label of each voxel.
  ///   - voxels: The voxels to process.
  ///   - ignored: The label of voxels that do not count.
  ///   - sums: Receives the sum of the cross-entropies over voxels and regions, and the number of
  ///     voxels that count. The sums over voxels of p g, p and g for each channel, which follow,
  ///     are added to.
  ///   - probabilities: Receives the probabilities of the voxels that count, (voxel, channel).
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
          let exponential = expf(-abs(z))
          let p = (z > 0 ? 1 : exponential) / (1 + exponential)
          probabilities[v * channels + c] = p
          crossEntropy += Double(max(z, 0) - z * g + log1pf(exponential))
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

  /// Replaces the probabilities of voxels by the gradient with respect to their logits.
  ///
  /// With the gradient of the Dice term with respect to the probabilities,
  ///
  ///     d[r]  = constant[r] + atLabel[r] * g[r]
  ///     dz[r] = factor * (p[r] - g[r]) + d[r] * p[r] * (1 - p[r])
  ///
  /// and dz = 0 for voxels that do not count.
  ///
  /// - Parameters:
  ///   - rows: On entry the probabilities, on return the gradient, (voxel, channel).
  ///   - factor: The weight of a voxel's binary cross-entropies.
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
