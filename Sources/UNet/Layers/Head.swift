import Tensors
import Threads

/// The segmentation head of a decoder stage: the 1 x 1 x 1 convolution that computes logits from
/// the stage's features.
///
/// For the features x of a voxel, weights W and bias b, the logits are `y = W x + b`. They are
/// 32-bit floats in any precision.
///
/// The class is `Sendable` so that the threads of one pass can share it; they write to disjoint
/// memory.
final class Head: @unchecked Sendable {
  /// The logits, (N, z, y, x, channel).
  let logits: Tensor
  /// The gradient of the loss with respect to the logits, which the loss writes; empty in inference.
  let gradient: Tensor
  let weight, bias: Parameter
  private let features, outputChannels: Int
  private let scratch: ScratchPool
  /// The number of parts of the voxels whose weight gradients are summed separately. It depends
  /// only on the shape, so that the sums do not depend on the number of threads.
  private let parts: Int
  /// The number of voxels in one matrix product.
  private static let tileSize = 256

  /// - Parameters:
  ///   - name: The head's name in nnU-Net's state dict.
  ///   - extent: The size of the features along z, y, x, in voxels.
  ///   - features: The number of input channels.
  ///   - training: Whether there will be backward passes.
  init(
    _ name: String, batch: Int, extent: [Int], features: Int, outputChannels: Int, training: Bool, scratch: ScratchPool
  ) {
    weight = Parameter(name + ".weight", shape: [outputChannels, 1, 1, 1, features])
    bias = Parameter(name + ".bias", shape: [outputChannels])
    logits = Tensor([batch] + extent + [outputChannels])
    gradient = Tensor(training ? logits.shape : [0])
    (self.features, self.outputChannels, self.scratch) = (features, outputChannels, scratch)
    parts = min(8, max(1, logits.count / outputChannels / Self.tileSize))
    let tiles = Array(repeating: Self.tileSize * features, count: Parallel.threads)
    scratch.reserve(training ? [parts * outputChannels * (features + 1)] + tiles : tiles)
  }

  /// The number of multiplications and additions in a forward pass.
  var operations: Int { 2 * logits.count * features }

  private var voxels: Int { logits.count / outputChannels }

  /// Computes `logits`, `y = W x + b`.
  ///
  /// - Parameter input: The features x, (N, z, y, x, channel).
  func forward(_ input: Tensor) {
    switch input.precision {
    case .float32: forward(of: Float.self, input)
    case .bfloat16: forward(of: BFloat16.self, input)
    }
  }

  private func forward<Number: Element>(of type: Number.Type, _ input: Tensor) {
    let (x, y) = (SharedPointer(input.pointer(type)), SharedPointer(logits.pointer))
    let (w, b) = (SharedPointer(weight.value.pointer), SharedPointer(bias.value.pointer))
    Parallel.chunks(voxels, size: Self.tileSize) { [features, outputChannels, scratch] rows in
      scratch.use(Self.tileSize * features) { copy in
        let target = y.pointer + rows.lowerBound * outputChannels
        for row in 0..<rows.count { (target + row * outputChannels).update(from: b.pointer, count: outputChannels) }
        let source = Number.floats(x.pointer + rows.lowerBound * features, rows.count * features, copy)
        BLAS.multiply(
          rows.count, outputChannels, features, a: source, features, b: w.pointer, features, transposeB: true,
          c: target, outputChannels, accumulate: true)
      }
    }
  }

  /// Sets the gradients of weight and bias, `dW = Σ dy xᵀ` and `db = Σ dy` over all voxels, from
  /// `gradient`, dy.
  ///
  /// - Parameter input: The features x that `forward` was called with.
  func backwardWeights(_ input: Tensor) {
    switch input.precision {
    case .float32: backwardWeights(of: Float.self, input)
    case .bfloat16: backwardWeights(of: BFloat16.self, input)
    }
  }

  private func backwardWeights<Number: Element>(of type: Number.Type, _ input: Tensor) {
    let (x, g) = (SharedPointer(input.pointer(type)), SharedPointer(gradient.pointer))
    let voxels = voxels
    let perPart = (voxels + parts - 1) / parts
    // The sums of a part: the gradient of the weights, then that of the bias.
    let length = outputChannels * (features + 1)
    scratch.use(parts * length) { partial in
      let sums = SharedPointer(partial)
      Parallel.forEach(parts) { [features, outputChannels, scratch] part in
        let weights = sums.pointer + part * length
        let biases = weights + outputChannels * features
        weights.update(repeating: 0, count: length)
        scratch.use(Self.tileSize * features) { copy in
          let end = min(voxels, (part + 1) * perPart)
          for lower in stride(from: part * perPart, to: end, by: Self.tileSize) {
            let count = min(Self.tileSize, end - lower)
            let source = Number.floats(x.pointer + lower * features, count * features, copy)
            let gradient = g.pointer + lower * outputChannels
            BLAS.multiply(
              outputChannels, features, count, a: gradient, outputChannels, transposeA: true, b: source, features,
              c: weights, features, accumulate: true)
            for row in 0..<count {
              for c in 0..<outputChannels { biases[c] += gradient[row * outputChannels + c] }
            }
          }
        }
      }
      Parameter.setGradients(of: weight, bias, toSumOf: partial, parts: parts)
    }
  }

  /// Overwrites `inputGradient` with the gradient with respect to the features, `dx = Wᵀ dy`, from
  /// `gradient`, dy.
  func backwardInput(_ inputGradient: Tensor) {
    switch inputGradient.precision {
    case .float32: backwardInput(of: Float.self, inputGradient)
    case .bfloat16: backwardInput(of: BFloat16.self, inputGradient)
    }
  }

  private func backwardInput<Number: Element>(of type: Number.Type, _ inputGradient: Tensor) {
    let (g, dx, w) = (
      SharedPointer(gradient.pointer), SharedPointer(inputGradient.pointer(type)), SharedPointer(weight.value.pointer)
    )
    Parallel.chunks(voxels, size: Self.tileSize) { [features, outputChannels, scratch] rows in
      scratch.use(Self.tileSize * features) { product in
        BLAS.multiply(
          rows.count, features, outputChannels, a: g.pointer + rows.lowerBound * outputChannels, outputChannels,
          b: w.pointer, features, c: product, features)
        let target = dx.pointer + rows.lowerBound * features
        for i in 0..<rows.count * features { target[i] = Number(product[i]) }
      }
    }
  }
}
