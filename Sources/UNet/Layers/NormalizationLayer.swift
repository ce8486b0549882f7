import Tensors
import Threads

/// Instance or batch normalization followed by a piecewise linear activation.
///
/// With the mean and biased variance over the voxels of each sample and channel, the forward pass
/// is
///
///     inverse = 1 / sqrt(variance + epsilon)
///     factor  = scale * inverse
///     offset  = shift - mean * factor
///     z       = factor * x + offset            (= scale * (x - mean) * inverse + shift)
///     y       = z if z > 0, else slope * z
///
/// With x̂ = (x - mean) * inverse, and mean(...) over the same voxels, the backward pass is
///
///     dz        = dy if z > 0, else slope * dy
///     dscale    = sum of dz * x̂ over all samples and voxels
///     dshift    = sum of dz over all samples and voxels
///     slopes    = -factor * inverse * mean(dz * x̂)
///     constants = -factor * mean(dz) - slopes * mean
///     dx        = factor * dz + slopes * x + constants      (= factor * (dz - mean(dz) - x̂ * mean(dz * x̂)))
///
/// This is PyTorch's `InstanceNorm3d` without running statistics. Batch normalization, PyTorch's
/// `BatchNorm3d`, treats the whole batch as one sample and records running statistics for
/// inference.
package final class NormalizationLayer {
  let scale, shift: Parameter
  /// The trained parameters: scale and shift if the normalization is affine. If not, there are
  /// none, and these are 1 and 0.
  let parameters: [Parameter]
  private let running: RunningStatistics?
  /// The numbers of samples and of voxels in each; for batch normalization, one sample with the
  /// voxels of the whole batch.
  private let batch, voxels: Int
  private let channels: Int
  private let epsilon: Float
  /// The slope of the activation for z ≤ 0.
  private let slope: Float
  /// For each sample and channel: the statistics, `inverse = 1 / sqrt(variance + epsilon)`, and the
  /// map `z = factor * x + offset` that follows from them.
  private let mean, inverse, factor, offset: Tensor
  /// For each sample and channel: the backward pass is `dx = factor * dz + slopes * x + constants`.
  private let slopes, constants: Tensor
  /// The partial sums of each chunk of voxels: two for each channel.
  private let partial: Tensor
  /// The number of voxels in a chunk.
  private static let chunkSize = 1024

  /// Creates a layer with scale 1 and shift 0.
  ///
  /// - Parameters:
  ///   - name: The layer's name in nnU-Net's state dict.
  ///   - kind: Instance or batch normalization.
  ///   - batch: The number of samples.
  ///   - voxels: The number of voxels in each sample.
  ///   - channels: The number of channels.
  ///   - epsilon: The number that is added to the variance.
  ///   - slope: The slope of the activation for values of 0 or less; 1 when there is no activation.
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

  private static func chunks(_ voxels: Int) -> Int { (voxels + chunkSize - 1) / chunkSize }

  /// What is saved with the parameters but not trained: the running statistics of batch
  /// normalization.
  var buffers: [Parameter] { running?.buffers ?? [] }

  /// Prepares `apply` for `input`: computes factor and offset.
  ///
  /// They follow from the statistics of `input`, which batch normalization also records in its
  /// running statistics. In inference, batch normalization uses the running statistics instead and
  /// does not change them.
  ///
  /// - Parameters:
  ///   - input: The input x, (N, z, y, x, channel).
  ///   - inference: Whether to use running statistics if there are any.
  package func computeStatistics(_ input: Tensor, inference: Bool) {
    if inference, let running { return useRunningStatistics(running) }
    switch input.precision {
    case .float32: computeStatistics(of: Float.self, input)
    case .bfloat16: computeStatistics(of: BFloat16.self, input)
    }
  }

  /// Whether each sample has statistics of its own.
  var isPerSample: Bool { running == nil }

  /// The same as `computeStatistics` for the last output of a convolution, where each sample has statistics of its own.
  func useStatistics(of convolution: any FusingConvolution) {
    for n in 0..<batch {
      for c in 0..<channels {
        let (mean, variance) = convolution.moments(sample: n, channel: c)
        setStatistics(n, c, mean: mean, variance: variance)
      }
    }
  }

  /// What `apply` does; `nil` where samples share statistics, or where the activation is steeper for negative values.
  var map: ChannelMap? {
    isPerSample && slope <= 1 ? ChannelMap(factor: factor, offset: offset, slope: slope) : nil
  }

  /// Normalizes and activates: computes `output`, y, from `input`, x. Both may be the same tensor.
  ///
  /// Call `computeStatistics` first.
  package func apply(_ input: Tensor, _ output: Tensor) {
    switch input.precision {
    case .float32: apply(of: Float.self, input, output)
    case .bfloat16: apply(of: BFloat16.self, input, output)
    }
  }

  private func apply<Number: VectorElement>(of type: Number.Type, _ input: Tensor, _ output: Tensor) {
    let (x, y) = (SharedPointer(input.pointer(type)), SharedPointer(output.pointer(type)))
    let (a, b) = (SharedPointer(factor.pointer), SharedPointer(offset.pointer))
    forEachChunk { [channels, slope] n, chunk in
      let (a, b) = (a.pointer + n * channels, b.pointer + n * channels)
      for voxel in chunk.voxels {
        let source = x.pointer + voxel * channels
        let target = y.pointer + voxel * channels
        var c = 0
        // The compiler cannot tell that `source` and `target`, where they are the same, may be read and written in
        // vectors.
        while c + 16 <= channels {
          let z = Number.load(source + c) * Float.load(a + c) + Float.load(b + c)
          Number.store((slope * z).replacing(with: z, where: z .> 0), target + c)
          c += 16
        }
        while c < channels {
          let z = source[c].float * a[c] + b[c]
          target[c] = Number(z > 0 ? z : slope * z)
          c += 1
        }
      }
    }
  }

  /// Sets factor and offset from the running statistics.
  private func useRunningStatistics(_ running: RunningStatistics) {
    for c in 0..<channels {
      let inverse = 1 / (running.variance.value.pointer[c] + epsilon).squareRoot()
      factor.pointer[c] = scale.value.pointer[c] * inverse
      offset.pointer[c] = shift.value.pointer[c] - running.mean.value.pointer[c] * factor.pointer[c]
    }
  }

  /// Sets mean, inverse, factor and offset from the input.
  private func computeStatistics<Number: Element>(of type: Number.Type, _ input: Tensor) {
    let x = SharedPointer(input.pointer(type))
    sumChunks { [channels] _, chunk, sums in
      // Sums of x - x0 and (x - x0)², where x0 is the sample's first voxel. It is close enough to
      // the mean that the variance loses little to cancellation.
      let first = x.pointer + chunk.sampleOffset
      for voxel in chunk.voxels {
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
        let shiftedMean = sum / Double(voxels)
        let variance = max(0, squares / Double(voxels) - shiftedMean * shiftedMean)
        let mean = shiftedMean + Double(x.pointer[n * voxels * channels + c].float)
        setStatistics(n, c, mean: mean, variance: variance)
        running?.record(channel: c, mean: Float(mean), variance: variance, count: voxels)
      }
    }
    running?.countBatch()
  }

  /// Sets mean, inverse, factor and offset of a sample and channel.
  private func setStatistics(_ n: Int, _ c: Int, mean: Double, variance: Double) {
    let i = n * channels + c
    let inverse = 1 / (variance + Double(epsilon)).squareRoot()
    self.mean.pointer[i] = Float(mean)
    self.inverse.pointer[i] = Float(inverse)
    factor.pointer[i] = scale.value.pointer[c] * Float(inverse)
    offset.pointer[i] = shift.value.pointer[c] - Float(mean) * factor.pointer[i]
  }

  /// Turns the gradient with respect to the output into the one with respect to the input, and sets
  /// the gradients of scale and shift.
  ///
  /// - Parameters:
  ///   - input: The input x that `computeStatistics` was called with, not in inference.
  ///   - gradient: On entry dy, on return dx.
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
    sumChunks { [channels, slope] n, chunk, sums in
      let (a, b) = (a.pointer + n * channels, b.pointer + n * channels)
      let (m, s) = (m.pointer + n * channels, s.pointer + n * channels)
      for voxel in chunk.voxels {
        let source = x.pointer + voxel * channels
        let target = g.pointer + voxel * channels
        for c in 0..<channels {
          let (x, g) = (source[c].float, target[c].float)
          let dz = x * a[c] + b[c] > 0 ? g : slope * g
          sums[c] += dz
          sums[channels + c] += dz * ((x - m[c]) * s[c])
        }
      }
    }
    scale.gradient.fill(0)
    shift.gradient.fill(0)
    for n in 0..<batch {
      for c in 0..<channels {
        let (sum, product) = total(n, c)
        scale.gradient.pointer[c] += Float(product)
        shift.gradient.pointer[c] += Float(sum)
        let i = n * channels + c
        let inputSlope = -factor.pointer[i] * inverse.pointer[i] * Float(product / Double(voxels))
        slopes.pointer[i] = inputSlope
        constants.pointer[i] = -factor.pointer[i] * Float(sum / Double(voxels)) - inputSlope * mean.pointer[i]
      }
    }
    let (p, q) = (SharedPointer(slopes.pointer), SharedPointer(constants.pointer))
    forEachChunk { [channels, slope] n, chunk in
      let (a, b) = (a.pointer + n * channels, b.pointer + n * channels)
      let (p, q) = (p.pointer + n * channels, q.pointer + n * channels)
      for voxel in chunk.voxels {
        let source = x.pointer + voxel * channels
        let target = g.pointer + voxel * channels
        for c in 0..<channels {
          let (x, g) = (source[c].float, target[c].float)
          let dz = x * a[c] + b[c] > 0 ? g : slope * g
          target[c] = Number(a[c] * dz + (p[c] * x + q[c]))
        }
      }
    }
  }

  /// A chunk of the voxels of one sample.
  private struct Chunk {
    /// The voxels, numbered through the whole batch.
    var voxels: Range<Int>
    /// The offset of the sample's first element.
    var sampleOffset: Int
  }

  /// Calls `body` for each chunk of each sample, in parallel.
  private func forEachChunk(_ body: @Sendable (_ sample: Int, Chunk) -> Void) {
    let chunks = Self.chunks(voxels)
    Parallel.forEach(batch * chunks) { [voxels, channels] task in
      let n = task / chunks
      let lower = task % chunks * Self.chunkSize
      body(
        n,
        Chunk(
          voxels: n * voxels + lower..<n * voxels + min(voxels, lower + Self.chunkSize),
          sampleOffset: n * voxels * channels))
    }
  }

  /// Calls `body` for each chunk with the memory of its partial sums, which are 0.
  private func sumChunks(_ body: @Sendable (_ sample: Int, Chunk, UnsafeMutablePointer<Float>) -> Void) {
    let sums = SharedPointer(partial.pointer)
    forEachChunk { [voxels, channels] n, chunk in
      let index = (chunk.voxels.lowerBound - n * voxels) / Self.chunkSize
      let chunkSums = sums.pointer + (n * Self.chunks(voxels) + index) * 2 * channels
      chunkSums.update(repeating: 0, count: 2 * channels)
      body(n, chunk, chunkSums)
    }
  }

  /// Returns both sums of one sample and channel over all chunks, added in the order of the chunks.
  private func total(_ sample: Int, _ channel: Int) -> (Double, Double) {
    let chunks = Self.chunks(voxels)
    var (first, second) = (0.0, 0.0)
    for chunk in 0..<chunks {
      let sums = partial.pointer + (sample * chunks + chunk) * 2 * channels + channel
      first += Double(sums[0])
      second += Double(sums[channels])
    }
    return (first, second)
  }
}
