import Tensors

/// The running statistics of batch normalization: moving averages of each channel's mean and
/// variance over the batches.
///
/// After each batch, `running += 0.1 * (batch - running)`, with PyTorch's default momentum.
final class RunningStatistics {
  /// The running mean and variance of each channel, initially 0 and 1.
  let mean, variance: Parameter
  private let batches: Parameter
  private static let momentum: Float = 0.1

  init(_ name: String, channels: Int) {
    mean = Parameter(name + ".running_mean", shape: [channels])
    variance = Parameter(name + ".running_var", shape: [channels])
    batches = Parameter(name + ".num_batches_tracked", shape: [])
    variance.value.fill(1)
  }

  /// Everything that is saved, in PyTorch's order.
  var buffers: [Parameter] { [mean, variance, batches] }

  /// Records the statistics of one channel of a batch, unless they are not finite: a step that is left out must not
  /// spoil them for good.
  ///
  /// - Parameters:
  ///   - variance: The biased variance of `count` values. As in PyTorch, the running variance
  ///     averages unbiased ones.
  func record(channel: Int, mean newMean: Float, variance newVariance: Double, count: Int) {
    guard newMean.isFinite, newVariance.isFinite else { return }
    let unbiased = Float(newVariance * Double(count) / Double(max(1, count - 1)))
    mean.value.pointer[channel] += Self.momentum * (newMean - mean.value.pointer[channel])
    variance.value.pointer[channel] += Self.momentum * (unbiased - variance.value.pointer[channel])
  }

  /// Counts a batch, which PyTorch saves as `num_batches_tracked`.
  func countBatch() { batches.value.pointer[0] += 1 }
}
