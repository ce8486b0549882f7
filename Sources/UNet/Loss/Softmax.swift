import Foundation

/// The loss of voxels for exclusive classes.
///
/// For the logits z of a voxel with label l, and g[c] = 1 if c = l, else 0:
///
///     p[c]          = exp(z[c]) / sum of exp(z[k]) over k
///     cross-entropy = -log(p[l]) = log(sum of exp(z[k]) over k) - z[l]
///
/// The largest logit is subtracted before the exponential, so that it cannot overflow.
enum Softmax {
  /// Computes the probabilities of voxels and their sums for `DiceCrossEntropy`.
  ///
  /// - Parameters:
  ///   - logits: The logits, (voxel, channel).
  ///   - labels: The label of each voxel.
  ///   - voxels: The voxels to process.
  ///   - ignored: The label of voxels that do not count.
  ///   - sums: Receives the sum of the cross-entropies and the number of voxels that count. The
  ///     sums over voxels of p g, p and g for each channel, which follow, are added to.
  ///   - probabilities: Receives the probabilities of the voxels that count, (voxel, channel).
  static func probabilities(
    _ logits: UnsafePointer<Float>, _ labels: UnsafePointer<Int16>, voxels: Range<Int>, channels: Int, ignored: Int16,
    sums: UnsafeMutablePointer<Double>, into probabilities: UnsafeMutablePointer<Float>
  ) {
    let overlaps = sums + 2
    let (predicted, present) = (overlaps + channels, overlaps + 2 * channels)
    var (crossEntropy, counted) = (0.0, 0)
    for v in voxels where labels[v] != ignored {
      let source = logits + v * channels
      let target = probabilities + v * channels
      let label = Int(labels[v])
      var highest = source[0]
      for c in 1..<channels { highest = max(highest, source[c]) }
      var total: Float = 0
      for c in 0..<channels {
        target[c] = expf(source[c] - highest)
        total += target[c]
      }
      for c in 0..<channels {
        target[c] /= total
        predicted[c] += Double(target[c])
      }
      crossEntropy += Double(logf(total) + highest - source[label])
      overlaps[label] += Double(target[label])
      present[label] += 1
      counted += 1
    }
    sums[0] = crossEntropy
    sums[1] = Double(counted)
  }

  /// Replaces the probabilities of voxels by the gradient with respect to their logits.
  ///
  /// With the gradient of the Dice term with respect to the probabilities,
  ///
  ///     d[c]  = constant[c] + atLabel[c] * g[c]
  ///     dz[c] = factor * (p[c] - g[c]) + p[c] * (d[c] - sum of p[k] * d[k] over k)
  ///
  /// and dz = 0 for voxels that do not count.
  ///
  /// - Parameters:
  ///   - rows: On entry the probabilities, on return the gradient, (voxel, channel).
  ///   - factor: The weight of a voxel's cross-entropy.
  static func differentiate(
    _ rows: UnsafeMutablePointer<Float>, _ labels: UnsafePointer<Int16>, voxels: Range<Int>, channels: Int,
    ignored: Int16, factor: Float, constant: UnsafePointer<Float>, atLabel: UnsafePointer<Float>
  ) {
    for v in voxels {
      let row = rows + v * channels
      guard labels[v] != ignored else {
        row.update(repeating: 0, count: channels)
        continue
      }
      let label = Int(labels[v])
      let extra = atLabel[label]
      var mean = row[label] * extra
      for c in 0..<channels { mean += row[c] * constant[c] }
      let atThisLabel = row[label] * extra - factor
      for c in 0..<channels { row[c] *= constant[c] - mean + factor }
      row[label] += atThisLabel
    }
  }
}
