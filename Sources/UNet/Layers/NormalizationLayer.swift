import Tensors
import Threads

/// Instance or batch normalization, followed by a piecewise linear activation, in one pass over the data each way.
///
/// y = activation(scale (x - mean) / sqrt(variance + epsilon) + shift), mean and biased variance of each sample and
/// channel (PyTorch's InstanceNorm3d without running statistics). Batch normalization is the same with the whole batch
/// as one sample; it keeps running means of both for inference (PyTorch's BatchNorm3d).
package final class NormalizationLayer {
  let scale, shift: Parameter
  /// What the optimizer trains: nothing where it is not affine; scale and shift are one and zero then.
  let parameters: [Parameter]
  private let running: RunningStatistics?
  private let batch, voxels, channels: Int
  private let epsilon, slope: Float
  /// For each sample and channel: mean and 1 / deviation; and the map x a + b they amount to.
  private let mean, inverse, factor, offset: Tensor
  /// For each sample and channel: the gradient by the input is factor * inner + slopes * input + constants.
  private let slopes, constants: Tensor
  /// Partial sums of each chunk of voxels: two a channel.
  private let partial: Tensor
  private static let chunk = 1024

  /// - Parameters:
  ///   - voxels: Of each sample.
  ///   - slope: The activation's below zero; 1 for none.
  package init(
    _ name: String, _ kind: NormalizationKind, batch: Int, voxels: Int, channels: Int, epsilon: Float, slope: Float
  ) {
    scale = Parameter(name + ".weight", shape: [channels])
    shift = Parameter(name + ".bias", shape: [channels])
    scale.value.fill(1)
    let affine: Bool
    var (batch, voxels) = (batch, voxels)
    switch kind {
    case .instance(let isAffine): (affine, running) = (isAffine, nil)
    case .batch(let isAffine):
      (affine, running) = (isAffine, RunningStatistics(name, channels: channels))
      (batch, voxels) = (1, batch * voxels)
    }
    parameters = affine ? [scale, shift] : []
    (self.batch, self.voxels, self.channels) = (batch, voxels, channels)
    (self.epsilon, self.slope) = (epsilon, slope)
    mean = Tensor([batch, channels])
    inverse = Tensor([batch, channels])
    factor = Tensor([batch, channels])
    offset = Tensor([batch, channels])
    slopes = Tensor([batch, channels])
    constants = Tensor([batch, channels])
    partial = Tensor([batch, Self.chunks(voxels), 2, channels])
  }

  private static func chunks(_ voxels: Int) -> Int { (voxels + chunk - 1) / chunk }

  /// What is saved beside the parameters.
  var buffers: [Parameter] { running?.buffers ?? [] }

  /// Readies `apply` for `input`: by its own statistics, which running ones take note of; or in inference by the running ones, where
  /// there are any, which stay as they are.
  package func computeStatistics(_ input: Tensor, inference: Bool) {
    if inference, let running { return useRunningStatistics(running) }
    switch input.precision {
    case .float32: computeStatistics(of: Float.self, input)
    case .bfloat16: computeStatistics(of: BFloat16.self, input)
    }
  }

  /// Normalizes and activates. `input` and `output` may be one tensor.
  package func apply(_ input: Tensor, _ output: Tensor) {
    switch input.precision {
    case .float32: apply(of: Float.self, input, output)
    case .bfloat16: apply(of: BFloat16.self, input, output)
    }
  }

  private func apply<Number: Element>(of type: Number.Type, _ input: Tensor, _ output: Tensor) {
    let (x, y) = (SharedPointer(input.pointer(type)), SharedPointer(output.pointer(type)))
    let (a, b) = (SharedPointer(factor.pointer), SharedPointer(offset.pointer))
    forEachChunk { [channels, slope] n, range in
      let (a, b) = (a.pointer + n * channels, b.pointer + n * channels)
      for voxel in range.voxels {
        let source = x.pointer + voxel * channels
        let target = y.pointer + voxel * channels
        for c in 0..<channels {
          let z = source[c].float * a[c] + b[c]
          target[c] = Number(z > 0 ? z : slope * z)
        }
      }
    }
  }

  /// The map of the running statistics.
  private func useRunningStatistics(_ running: RunningStatistics) {
    for c in 0..<channels {
      let deviation = 1 / (running.variance.value.pointer[c] + epsilon).squareRoot()
      factor.pointer[c] = scale.value.pointer[c] * deviation
      offset.pointer[c] = shift.value.pointer[c] - running.mean.value.pointer[c] * factor.pointer[c]
    }
  }

  private func computeStatistics<Number: Element>(of type: Number.Type, _ input: Tensor) {
    let x = SharedPointer(input.pointer(type))
    sumChunks { [channels] _, range, sums in
      // Sums of x - x0 and its square: the first voxel stands in for the mean, so that little is lost to cancellation.
      let first = x.pointer + range.sample
      for voxel in range.voxels {
        let row = x.pointer + voxel * channels
        for c in 0..<channels {
          let value = row[c].float - first[c].float
          sums[c] += value
          sums[channels + c] += value * value
        }
      }
    }
    for n in 0..<batch {
      for c in 0..<channels {
        let (sum, squares) = total(n, c)
        let center = sum / Double(voxels)
        let variance = max(0, squares / Double(voxels) - center * center)
        let i = n * channels + c
        let deviation = 1 / (variance + Double(epsilon)).squareRoot()
        let mean = Float(center + Double(x.pointer[n * voxels * channels + c].float))
        self.mean.pointer[i] = mean
        inverse.pointer[i] = Float(deviation)
        factor.pointer[i] = scale.value.pointer[c] * Float(deviation)
        offset.pointer[i] = shift.value.pointer[c] - mean * factor.pointer[i]
        running?.record(channel: c, mean: mean, variance: variance, count: voxels)
      }
    }
    running?.countBatch()
  }

  /// Turns `gradient` by the output into the gradient by `input`, in place, and sets the gradients of scale and shift.
  package func backward(input: Tensor, gradient: Tensor) {
    switch input.precision {
    case .float32: backward(of: Float.self, input, gradient)
    case .bfloat16: backward(of: BFloat16.self, input, gradient)
    }
  }

  private func backward<Number: Element>(of type: Number.Type, _ input: Tensor, _ gradient: Tensor) {
    let x = SharedPointer(input.pointer(type))
    let g = SharedPointer(gradient.pointer(type))
    let (a, b) = (SharedPointer(factor.pointer), SharedPointer(offset.pointer))
    let (m, s) = (SharedPointer(mean.pointer), SharedPointer(inverse.pointer))
    sumChunks { [channels, slope] n, range, sums in
      let (a, b) = (a.pointer + n * channels, b.pointer + n * channels)
      let (m, s) = (m.pointer + n * channels, s.pointer + n * channels)
      for voxel in range.voxels {
        let source = x.pointer + voxel * channels
        let target = g.pointer + voxel * channels
        for c in 0..<channels {
          let (x, g) = (source[c].float, target[c].float)
          let inner = x * a[c] + b[c] > 0 ? g : slope * g
          sums[c] += inner
          sums[channels + c] += inner * ((x - m[c]) * s[c])
        }
      }
    }
    scale.gradient.fill(0)
    shift.gradient.fill(0)
    // dx = a (dz - mean(dz) - xhat mean(dz xhat)) = a dz + p x + q, with p and q of each sample and channel.
    for n in 0..<batch {
      for c in 0..<channels {
        let (sum, product) = total(n, c)
        scale.gradient.pointer[c] += Float(product)
        shift.gradient.pointer[c] += Float(sum)
        let i = n * channels + c
        let slope = -factor.pointer[i] * inverse.pointer[i] * Float(product / Double(voxels))
        slopes.pointer[i] = slope
        constants.pointer[i] = -factor.pointer[i] * Float(sum / Double(voxels)) - slope * mean.pointer[i]
      }
    }
    let (p, q) = (SharedPointer(slopes.pointer), SharedPointer(constants.pointer))
    forEachChunk { [channels, slope] n, range in
      let (a, b) = (a.pointer + n * channels, b.pointer + n * channels)
      let (p, q) = (p.pointer + n * channels, q.pointer + n * channels)
      for voxel in range.voxels {
        let source = x.pointer + voxel * channels
        let target = g.pointer + voxel * channels
        for c in 0..<channels {
          let (x, g) = (source[c].float, target[c].float)
          let inner = x * a[c] + b[c] > 0 ? g : slope * g
          target[c] = Number(a[c] * inner + (p[c] * x + q[c]))
        }
      }
    }
  }

  /// A chunk of one sample: its voxels, counted through the batch, and where the sample's elements start.
  private struct Range {
    var voxels: Swift.Range<Int>
    var sample: Int
  }

  private func forEachChunk(_ body: @Sendable (_ sample: Int, Range) -> Void) {
    let chunks = Self.chunks(voxels)
    Parallel.forEach(batch * chunks) { [voxels, channels] task in
      let n = task / chunks
      let lower = task % chunks * Self.chunk
      body(
        n,
        Range(
          voxels: n * voxels + lower..<n * voxels + min(voxels, lower + Self.chunk), sample: n * voxels * channels))
    }
  }

  private func sumChunks(_ body: @Sendable (_ sample: Int, Range, UnsafeMutablePointer<Float>) -> Void) {
    let sums = SharedPointer(partial.pointer)
    forEachChunk { [voxels, channels] n, range in
      let chunk = (range.voxels.lowerBound - n * voxels) / Self.chunk
      let place = sums.pointer + (n * Self.chunks(voxels) + chunk) * 2 * channels
      place.update(repeating: 0, count: 2 * channels)
      body(n, range, place)
    }
  }

  /// Both sums over a sample's chunks, in their order.
  private func total(_ sample: Int, _ channel: Int) -> (Double, Double) {
    let chunks = Self.chunks(voxels)
    var (first, second) = (0.0, 0.0)
    for chunk in 0..<chunks {
      let place = partial.pointer + (sample * chunks + chunk) * 2 * channels + channel
      first += Double(place[0])
      second += Double(place[channels])
    }
    return (first, second)
  }
}
