import Tensors

/// What a layer takes its input from.
protocol Features: AnyObject {
  /// (N, z, y, x, channel); valid after the forward pass until the next layer's features are computed, and after `recompute`.
  var output: Tensor { get }
  /// Computes `output` again from what was kept of the forward pass.
  func recompute()
}

/// Features that are kept.
final class KeptFeatures: Features {
  let output: Tensor
  init(_ output: Tensor) { self.output = output }
  func recompute() {}
}
