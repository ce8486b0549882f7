import Tensors

@testable import UNet

extension DiceCrossEntropy {
  /// The loss of each sample of a batch that one process has, and the gradient of `sum_i factors[i] * loss[i]`.
  func callAsFunction(logits: Tensor, labels: [Int16], factors: [Double], gradient: Tensor) -> [Double] {
    let sums = sums(logits: logits, labels: labels, probabilities: gradient)
    return losses(sums: sums, own: factors.indices, labels: labels, factors: factors, gradient: gradient)
  }
}
