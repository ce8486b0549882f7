import Foundation
import Tensors

/// Soft Dice plus cross-entropy of softmax logits, for each sample by itself (nnU-Net's `DC_and_CE_loss`).
///
/// A sample's loss is its mean cross-entropy over voxels minus its mean soft Dice over the foreground classes,
/// dice = (2 I + 1e-5) / max(P + G + 1e-5, 1e-8), with I, P and G the sums over voxels of p g, p and g. With `batchDice` these sums run over the
/// whole batch, and the samples share the Dice term.
final class DiceCrossEntropy {
  private let batch, voxels, classes: Int
  private let batchDice: Bool
  /// Partial sums of each chunk of voxels: cross-entropy, then I, P and G of each class.
  private let partial: [Double]
  private static let smooth = 1e-5
  private static let chunk = 4096

  init(batch: Int, voxels: Int, classes: Int, batchDice: Bool) {
    (self.batch, self.voxels, self.classes, self.batchDice) = (batch, voxels, classes, batchDice)
    partial = Array(repeating: 0, count: batch * Self.chunks(voxels) * (1 + 3 * classes))
  }

  private static func chunks(_ voxels: Int) -> Int { (voxels + chunk - 1) / chunk }

  /// The losses of the samples; sets `gradient` to that of `sum_i factors[i] * loss[i]` by the logits.
  ///
  /// - Parameters:
  ///   - logits: (N, voxels, classes).
  ///   - labels: (N, voxels), 0 ..< classes.
  func callAsFunction(logits: Tensor, labels: [Int16], factors: [Double], gradient: Tensor) -> [Double] {
    let sums = probabilities(logits, labels, into: gradient)
    let width = 1 + 3 * classes
    var losses = (0..<batch).map { sums[$0 * width] / Double(voxels) }
    // By the probability of class c: constant + atLabel where the label is c.
    var constant = [Float](repeating: 0, count: batch * classes)
    var atLabel = constant
    let groups = batchDice ? [Array(0..<batch)] : (0..<batch).map { [$0] }
    let foreground = Double(max(1, classes - 1))
    for group in groups {
      let factor = group.reduce(0) { $0 + factors[$1] }
      for c in 1..<max(1, classes) {
        func total(_ kind: Int) -> Double { group.reduce(0) { $0 + sums[$1 * width + 1 + kind * classes + c] } }
        let (overlap, size) = (2 * total(0) + Self.smooth, max(total(1) + total(2) + Self.smooth, 1e-8))
        for n in group {
          losses[n] -= overlap / size / foreground
          constant[n * classes + c] = Float(factor * overlap / (size * size) / foreground)
          atLabel[n * classes + c] = Float(-factor * 2 / size / foreground)
        }
      }
    }
    differentiate(labels, factors, constant, atLabel, gradient)
    return losses
  }

  /// Softmax into `probabilities`; the sums of each sample.
  private func probabilities(_ logits: Tensor, _ labels: [Int16], into probabilities: Tensor) -> [Double] {
    let chunks = Self.chunks(voxels)
    let width = 1 + 3 * classes
    var partial = partial
    labels.withUnsafeBufferPointer { labels in
      partial.withUnsafeMutableBufferPointer { partial in
        let (z, p) = (Shared(logits.pointer), Shared(probabilities.pointer))
        let (labels, sums) = (Shared(labels.baseAddress!), Shared(partial.baseAddress!))
        Parallel.forEach(batch * chunks) { [voxels, classes] task in
          let lower = task / chunks * voxels + task % chunks * Self.chunk
          let upper = min((task / chunks + 1) * voxels, lower + Self.chunk)
          let sums = sums.pointer + task * width
          var crossEntropy = 0.0
          for v in lower..<upper {
            let source = z.pointer + v * classes
            let target = p.pointer + v * classes
            let label = Int(labels.pointer[v])
            var highest = source[0]
            for c in 1..<classes { highest = max(highest, source[c]) }
            var total: Float = 0
            for c in 0..<classes {
              target[c] = expf(source[c] - highest)
              total += target[c]
            }
            for c in 0..<classes {
              target[c] /= total
              sums[1 + classes + c] += Double(target[c])
            }
            crossEntropy += Double(logf(total) + highest - source[label])
            sums[1 + label] += Double(target[label])
            sums[1 + 2 * classes + label] += 1
          }
          sums[0] = crossEntropy
        }
      }
    }
    var totals = [Double](repeating: 0, count: batch * width)
    for n in 0..<batch {
      for chunk in 0..<chunks {
        for i in 0..<width { totals[n * width + i] += partial[(n * chunks + chunk) * width + i] }
      }
    }
    return totals
  }

  /// Turns the probabilities in `gradient` into the gradient by the logits.
  private func differentiate(
    _ labels: [Int16], _ factors: [Double], _ constant: [Float], _ atLabel: [Float], _ gradient: Tensor
  ) {
    let g = Shared(gradient.pointer)
    labels.withUnsafeBufferPointer { labels in
      constant.withUnsafeBufferPointer { constant in
        atLabel.withUnsafeBufferPointer { atLabel in
          let (labels, constant) = (Shared(labels.baseAddress!), Shared(constant.baseAddress!))
          let atLabel = Shared(atLabel.baseAddress!)
          Parallel.chunks(batch * voxels, size: Self.chunk) { [voxels, classes] range in
            for v in range {
              let n = v / voxels
              let crossEntropy = Float(factors[n] / Double(voxels))
              let label = Int(labels.pointer[v])
              let row = g.pointer + v * classes
              let byProbability = constant.pointer + n * classes
              let extra = atLabel.pointer[n * classes + label]
              var mean = row[label] * extra
              for c in 0..<classes { mean += row[c] * byProbability[c] }
              let atThisLabel = row[label] * extra - crossEntropy
              for c in 0..<classes { row[c] *= byProbability[c] - mean + crossEntropy }
              row[label] += atThisLabel
            }
          }
        }
      }
    }
  }
}
