import Tensors
import Threads

/// The 1 x 1 x 1 convolution that turns a decoder stage's features into logits, 32-bit floats in any precision.
///
/// The threads of a pass share it: they write to disjoint places.
final class Head: @unchecked Sendable {
  let logits: Tensor
  let gradient: Tensor
  let weight, bias: Parameter
  private let features, classes: Int
  private let scratch: ScratchPool
  /// Parts of the voxels whose weight gradients are summed by themselves; it depends on the shape alone.
  private let parts: Int
  /// Voxels handled at once.
  private static let tile = 256

  init(_ name: String, batch: Int, extent: [Int], features: Int, classes: Int, scratch: ScratchPool) {
    weight = Parameter(name + ".weight", shape: [classes, 1, 1, 1, features])
    bias = Parameter(name + ".bias", shape: [classes])
    logits = Tensor([batch] + extent + [classes])
    gradient = Tensor(logits.shape)
    (self.features, self.classes, self.scratch) = (features, classes, scratch)
    parts = min(8, max(1, logits.count / classes / Self.tile))
  }

  /// Multiplications and additions of a forward pass.
  var operations: Int { 2 * logits.count * features }

  private var voxels: Int { logits.count / classes }

  /// - Parameter input: (N, z, y, x, feature).
  func forward(_ input: Tensor) {
    switch input.precision {
    case .float32: forward(of: Float.self, input)
    case .bfloat16: forward(of: BFloat16.self, input)
    }
  }

  private func forward<Number: Element>(of type: Number.Type, _ input: Tensor) {
    let (x, y) = (SharedPointer(input.pointer(type)), SharedPointer(logits.pointer))
    let (w, b) = (SharedPointer(weight.value.pointer), SharedPointer(bias.value.pointer))
    Parallel.chunks(voxels, size: Self.tile) { [features, classes, scratch] rows in
      scratch.use(Self.tile * features) { copy in
        let target = y.pointer + rows.lowerBound * classes
        for row in 0..<rows.count { (target + row * classes).update(from: b.pointer, count: classes) }
        let source = Number.floats(x.pointer + rows.lowerBound * features, rows.count * features, copy)
        BLAS.multiply(
          rows.count, classes, features, a: source, features, b: w.pointer, features, transposeB: true, c: target,
          classes, accumulate: true)
      }
    }
  }

  /// Sets the gradients of weight and bias from `gradient` by the logits.
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
    // A part's sums: the weights' gradient, then the bias's.
    let length = classes * (features + 1)
    scratch.use(parts * length) { partial in
      let sums = SharedPointer(partial)
      Parallel.forEach(parts) { [features, classes, scratch] part in
        let weights = sums.pointer + part * length
        let biases = weights + classes * features
        weights.update(repeating: 0, count: length)
        scratch.use(Self.tile * features) { copy in
          let end = min(voxels, (part + 1) * perPart)
          for lower in stride(from: part * perPart, to: end, by: Self.tile) {
            let count = min(Self.tile, end - lower)
            let source = Number.floats(x.pointer + lower * features, count * features, copy)
            let gradient = g.pointer + lower * classes
            BLAS.multiply(
              classes, features, count, a: gradient, classes, transposeA: true, b: source, features, c: weights,
              features, accumulate: true)
            for row in 0..<count {
              for c in 0..<classes { biases[c] += gradient[row * classes + c] }
            }
          }
        }
      }
      Parameter.setGradients(of: weight, bias, toSumOf: partial, parts: parts)
    }
  }

  /// Overwrites `inputGradient` with what `gradient` by the logits amounts to.
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
    Parallel.chunks(voxels, size: Self.tile) { [features, classes, scratch] rows in
      scratch.use(Self.tile * features) { product in
        BLAS.multiply(
          rows.count, features, classes, a: g.pointer + rows.lowerBound * classes, classes, b: w.pointer, features,
          c: product, features)
        let target = dx.pointer + rows.lowerBound * features
        for i in 0..<rows.count * features { target[i] = Number(product[i]) }
      }
    }
  }
}
