import Foundation
import Tensors
import Threads

/// Soft Dice plus cross-entropy at the resolution of one output, computed for each sample.
///
/// For the probabilities p[v, c] of voxel v and channel c, and g[v, c] = 1 if the voxel belongs to
/// the channel's class or region, else 0:
///
///     loss    = mean over v of the cross-entropy - mean over c of dice[c]
///     dice[c] = (2 I + 1e-5) / max(P + G + 1e-5, 1e-8)
///
/// Here I, P and G are the sums over v of p g, p and g for channel c. With `batchDice` they are
/// sums over the whole batch, and its samples share one Dice term. For classes, the mean over c
/// omits the background, and `Softmax` defines p and the cross-entropy. For regions, `RegionTable`
/// defines them, and the cross-entropy is also a mean over c.
///
/// If voxels may be ignored, nnU-Net's cross-entropy is the mean over all voxels of the batch that
/// count, for regions summed over c. A sample's cross-entropy is therefore the sum over its voxels
/// times N / (voxels of the batch that count): the mean of the samples' losses is nnU-Net's loss.
final class DiceCrossEntropy {
  /// The numbers of samples that this process has, of voxels in each, and of output channels.
  private let batch, voxels, channels: Int
  private let loss: Loss
  /// The labels of the regions; `nil` for classes.
  private let regions: RegionTable?
  /// The initial sums of each chunk of voxels, all 0: the cross-entropy, the number of voxels that
  /// count, and I, P and G, each for all channels.
  private let partial: [Double]
  private static let smooth = 1e-5
  /// How hard each sample of the last batch was, also of those that other processes have.
  private(set) var patchHardness: [PatchHardness] = []
  /// The number of voxels in a chunk.
  private static let chunkSize = 4096

  init(_ loss: Loss, batch: Int, voxels: Int, channels: Int) {
    (self.batch, self.voxels, self.channels) = (batch, voxels, channels)
    self.loss = loss
    regions = if case .regions(let regions) = loss.target { RegionTable(regions) } else { nil }
    partial = Array(repeating: 0, count: batch * Self.chunks(voxels) * (2 + 3 * channels))
  }

  private static func chunks(_ voxels: Int) -> Int { (voxels + chunkSize - 1) / chunkSize }
  /// The label of voxels that do not count; if there is none, a value that no voxel has.
  private var ignored: Int16 { Int16(loss.ignoreLabel ?? -1) }

  /// The number of sums of a sample.
  var sumCount: Int { 2 + 3 * channels }

  /// Computes the probabilities, and the sums that the losses of the samples need.
  ///
  /// - Parameters:
  ///   - logits: The logits, (N, voxel, channel).
  ///   - labels: The labels, (N, voxel): values in `Loss.labels(channels:)` or the ignored label.
  ///   - probabilities: Receives the probabilities, (N, voxel, channel).
  /// - Returns: The sums, (N, ``sumCount``).
  func sums(logits: Tensor, labels: [Int16], probabilities: Tensor) -> [Double] {
    let (chunks, sumCount) = (Self.chunks(voxels), sumCount)
    var partial = partial
    labels.withUnsafeBufferPointer { labels in
      partial.withUnsafeMutableBufferPointer { partial in
        let (z, p) = (SharedPointer(logits.pointer), SharedPointer(probabilities.pointer))
        let (labels, sums) = (SharedPointer(labels.baseAddress!), SharedPointer(partial.baseAddress!))
        Parallel.forEach(batch * chunks) { [voxels, channels, regions, ignored] task in
          let lower = task / chunks * voxels + task % chunks * Self.chunkSize
          let upper = min((task / chunks + 1) * voxels, lower + Self.chunkSize)
          let sums = sums.pointer + task * sumCount
          if let regions {
            regions.probabilities(
              z.pointer, labels.pointer, voxels: lower..<upper, ignored: ignored, sums: sums, into: p.pointer)
          } else {
            Softmax.probabilities(
              z.pointer, labels.pointer, voxels: lower..<upper, channels: channels, ignored: ignored, sums: sums,
              into: p.pointer)
          }
        }
      }
    }
    var totals = [Double](repeating: 0, count: batch * sumCount)
    for n in 0..<batch {
      for chunk in 0..<chunks {
        for i in 0..<sumCount { totals[n * sumCount + i] += partial[(n * chunks + chunk) * sumCount + i] }
      }
    }
    return totals
  }

  /// Computes the loss of each sample, and the gradient of `sum_i factors[i] * loss[i]` with respect to the logits.
  ///
  /// - Parameters:
  ///   - sums: The sums of each sample of the batch, also of those that other processes have.
  ///   - own: The positions in the batch of the samples that this process has.
  ///   - labels: The labels of these, (N, voxel).
  ///   - factors: The weight of each sample's loss in the gradient, for the whole batch.
  ///   - gradient: The probabilities of the own samples, (N, voxel, channel), which become the gradient.
  /// - Returns: The loss of each sample of the batch.
  func losses(sums: [Double], own: Range<Int>, labels: [Int16], factors: [Double], gradient: Tensor) -> [Double] {
    let (sumCount, size) = (sumCount, factors.count)
    patchHardness = (0..<size).map { hardness(of: sums[$0 * sumCount..<($0 + 1) * sumCount]) }
    let counted = (0..<size).reduce(0) { $0 + sums[$1 * sumCount + 1] }
    var voxelWeight = counted > 0 ? Double(size) / counted : 0
    // nnU-Net divides by the number of regions too, but not where voxels are ignored.
    if regions != nil, loss.ignoreLabel == nil { voxelWeight /= Double(channels) }
    var losses = (0..<size).map { sums[$0 * sumCount] * voxelWeight }
    // The gradient of the Dice term with respect to p[v, c] is constant[c] + atLabel[c] * g[v, c].
    // With dice = n / d as below, d dice / d p[v, c] = 2 g[v, c] / d - n / d².
    var constant = [Float](repeating: 0, count: size * channels)
    var atLabel = constant
    let groups = loss.batchDice ? [Array(0..<size)] : (0..<size).map { [$0] }
    let first = regions == nil ? 1 : 0
    let count = Double(max(1, channels - first))
    for group in groups {
      let factor = group.reduce(0) { $0 + factors[$1] }
      for c in first..<max(first, channels) {
        func total(_ kind: Int) -> Double { group.reduce(0) { $0 + sums[$1 * sumCount + 2 + kind * channels + c] } }
        let (numerator, denominator) = (2 * total(0) + Self.smooth, max(total(1) + total(2) + Self.smooth, 1e-8))
        for n in group {
          losses[n] -= numerator / denominator / count
          constant[n * channels + c] = Float(factor * numerator / (denominator * denominator) / count)
          atLabel[n * channels + c] = Float(-factor * 2 / denominator / count)
        }
      }
    }
    let ownChannels = own.lowerBound * channels..<own.upperBound * channels
    differentiate(
      labels, factors[own].map { Float($0 * voxelWeight) }, Array(constant[ownChannels]), Array(atLabel[ownChannels]),
      gradient)
    return losses
  }

  /// How hard a sample was, by its sums.
  private func hardness(of sums: ArraySlice<Double>) -> PatchHardness {
    let first = regions == nil ? 1 : 0
    let foreground = first..<max(first, channels)
    func sum(_ kind: Int, _ channel: Int) -> Double { sums[sums.startIndex + 2 + kind * channels + channel] }
    let present = foreground.filter { sum(2, $0) > 0 }
    let dice = present.reduce(0) { total, c in
      total + (2 * sum(0, c) + Self.smooth) / (sum(1, c) + sum(2, c) + Self.smooth)
    }
    let (entropy, counted) = (sums[sums.startIndex], sums[sums.startIndex + 1])
    let values = counted * Double(regions == nil ? 1 : channels)
    return PatchHardness(
      softDice: present.isEmpty ? nil : dice / Double(present.count), crossEntropy: values > 0 ? entropy / values : 0,
      absentClasses: foreground.count - present.count)
  }

  /// Turns the probabilities in `gradient` into the gradient with respect to the logits.
  ///
  /// - Parameters:
  ///   - factors: The weight of a voxel's cross-entropy in each sample.
  ///   - constant: The gradient of the Dice term where g = 0, (N, channel).
  ///   - atLabel: What is added to it where g = 1, (N, channel).
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
            let lower = n * voxels + task % chunks * Self.chunkSize
            let range = lower..<min((n + 1) * voxels, lower + Self.chunkSize)
            let (constant, atLabel) = (constant.pointer + n * channels, atLabel.pointer + n * channels)
            if let regions {
              regions.differentiate(
                g.pointer, labels.pointer, voxels: range, ignored: ignored, factor: factors[n], constant: constant,
                atLabel: atLabel)
            } else {
              Softmax.differentiate(
                g.pointer, labels.pointer, voxels: range, channels: channels, ignored: ignored, factor: factors[n],
                constant: constant, atLabel: atLabel)
            }
          }
        }
      }
    }
  }
}
