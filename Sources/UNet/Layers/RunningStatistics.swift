import Tensors

/// What batch normalization remembers of the batches it has seen: moving averages of mean and variance, with PyTorch's
/// momentum.
final class RunningStatistics {
  let mean, variance: Parameter
  private let batches: Parameter
  private static let momentum: Float = 0.1

  init(_ name: String, channels: Int) {
    mean = Parameter(name + ".running_mean", shape: [channels])
    variance = Parameter(name + ".running_var", shape: [channels])
    batches = Parameter(name + ".num_batches_tracked", shape: [])
    variance.value.fill(1)
  }

  /// All of it, to be saved.
  var buffers: [Parameter] { [mean, variance, batches] }

  /// - Parameters:
  ///   - variance: The biased one, of `count` values; the unbiased one is remembered.
  func record(channel: Int, mean newMean: Float, variance newVariance: Double, count: Int) {
    let unbiased = Float(newVariance * Double(count) / Double(max(1, count - 1)))
    mean.value.pointer[channel] += Self.momentum * (newMean - mean.value.pointer[channel])
    variance.value.pointer[channel] += Self.momentum * (unbiased - variance.value.pointer[channel])
  }

  func countBatch() { batches.value.pointer[0] += 1 }
}
