import Foundation
import Tensors
import Threads

/// Soft Dice plus cross-entropy of logits at one resolution, for each sample by itself.
///
/// A sample's loss is its mean cross-entropy over voxels minus its mean soft Dice over the classes or regions,
/// dice = (2 I + 1e-5) / max(P + G + 1e-5, 1e-8), with I, P and G the sums over voxels of p g, p and g. With
/// `batchDice` these sums run over the whole batch, and the samples share the Dice term.
///
/// Where voxels are ignored the cross-entropy is by nnU-Net the mean over all voxels of the batch that are not: a
/// sample's share in it is as large as its share of them, so that the mean over the samples is nnU-Net's loss still.
final class DiceCrossEntropy {
  private let batch, voxels, channels: Int
  private let loss: Loss
  /// The regions' labels; `nil` for classes.
  private let regions: RegionTable?
  /// Sums of each chunk of voxels: cross-entropy, voxels that count, then I, P and G of each channel.
  private let partial: [Double]
  private static let smooth = 1e-5
  private static let chunk = 4096

  init(_ loss: Loss, batch: Int, voxels: Int, channels: Int) {
    (self.batch, self.voxels, self.channels) = (batch, voxels, channels)
    self.loss = loss
    regions = if case .regions(let regions) = loss.target { RegionTable(regions) } else { nil }
    partial = Array(repeating: 0, count: batch * Self.chunks(voxels) * (2 + 3 * channels))
  }

  private static func chunks(_ voxels: Int) -> Int { (voxels + chunk - 1) / chunk }
  /// A label no voxel has stands for none.
  private var ignored: Int16 { Int16(loss.ignoreLabel ?? -1) }

  /// The losses of the samples; sets `gradient` to that of `sum_i factors[i] * loss[i]` by the logits.
  ///
  /// - Parameters:
  ///   - logits: (N, voxels, channels).
  ///   - labels: (N, voxels), of `Loss.labels` or to be ignored.
  func callAsFunction(logits: Tensor, labels: [Int16], factors: [Double], gradient: Tensor) -> [Double] {
    let sums = probabilities(logits, labels, into: gradient)
    let width = 2 + 3 * channels
    let counted = (0..<batch).reduce(0) { $0 + sums[$1 * width + 1] }
    var share = counted > 0 ? Double(batch) / counted : 0
    // nnU-Net divides by the number of regions too, but not where voxels are ignored.
    if regions != nil, loss.ignoreLabel == nil { share /= Double(channels) }
    var losses = (0..<batch).map { sums[$0 * width] * share }
    // By the probability of channel c: constant + atLabel where the label is of it.
    var constant = [Float](repeating: 0, count: batch * channels)
    var atLabel = constant
    let groups = loss.batchDice ? [Array(0..<batch)] : (0..<batch).map { [$0] }
    let first = regions == nil ? 1 : 0
    let count = Double(max(1, channels - first))
    for group in groups {
      let factor = group.reduce(0) { $0 + factors[$1] }
      for c in first..<max(first, channels) {
        func total(_ kind: Int) -> Double { group.reduce(0) { $0 + sums[$1 * width + 2 + kind * channels + c] } }
        let (overlap, size) = (2 * total(0) + Self.smooth, max(total(1) + total(2) + Self.smooth, 1e-8))
        for n in group {
          losses[n] -= overlap / size / count
          constant[n * channels + c] = Float(factor * overlap / (size * size) / count)
          atLabel[n * channels + c] = Float(-factor * 2 / size / count)
        }
      }
    }
    differentiate(labels, factors.map { Float($0 * share) }, constant, atLabel, gradient)
    return losses
  }

  /// Probabilities into `probabilities`; the sums of each sample.
  private func probabilities(_ logits: Tensor, _ labels: [Int16], into probabilities: Tensor) -> [Double] {
    let chunks = Self.chunks(voxels)
    let width = 2 + 3 * channels
    var partial = partial
    labels.withUnsafeBufferPointer { labels in
      partial.withUnsafeMutableBufferPointer { partial in
        let (z, p) = (SharedPointer(logits.pointer), SharedPointer(probabilities.pointer))
        let (labels, sums) = (SharedPointer(labels.baseAddress!), SharedPointer(partial.baseAddress!))
        Parallel.forEach(batch * chunks) { [voxels, channels, regions, ignored] task in
          let lower = task / chunks * voxels + task % chunks * Self.chunk
          let upper = min((task / chunks + 1) * voxels, lower + Self.chunk)
          let sums = sums.pointer + task * width
          if let regions {
            regions.probabilities(
              z.pointer, labels.pointer, voxels: lower..<upper, ignored: ignored, sums: sums, into: p.pointer)
          } else {
            Softmax.probabilities(
              z.pointer, labels.pointer, voxels: lower..<upper, classes: channels, ignored: ignored, sums: sums,
              into: p.pointer)
          }
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

  /// Turns the probabilities in `gradient` into the gradient by the logits; `factors` are those of the cross-entropy.
  private func differentiate(
    _ labels: [Int16], _ factors: [Float], _ constant: [Float], _ atLabel: [Float], _ gradient: Tensor
  ) {
    let g = SharedPointer(gradient.pointer)
    labels.withUnsafeBufferPointer { labels in
      constant.withUnsafeBufferPointer { constant in
        atLabel.withUnsafeBufferPointer { atLabel in
          let (labels, constant) = (SharedPointer(labels.baseAddress!), SharedPointer(constant.baseAddress!))
          let atLabel = SharedPointer(atLabel.baseAddress!)
          let chunks = Self.chunks(voxels)
          Parallel.forEach(batch * chunks) { [voxels, channels, regions, ignored] task in
            let n = task / chunks
            let lower = n * voxels + task % chunks * Self.chunk
            let range = lower..<min((n + 1) * voxels, lower + Self.chunk)
            let (constant, atLabel) = (constant.pointer + n * channels, atLabel.pointer + n * channels)
            if let regions {
              regions.differentiate(
                g.pointer, labels.pointer, voxels: range, ignored: ignored, factor: factors[n], constant: constant,
                atLabel: atLabel)
            } else {
              Softmax.differentiate(
                g.pointer, labels.pointer, voxels: range, classes: channels, ignored: ignored, factor: factors[n],
                constant: constant, atLabel: atLabel)
            }
          }
        }
      }
    }
  }
}
