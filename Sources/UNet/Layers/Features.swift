import Tensors

/// A layer whose output is the input of another layer.
protocol Features: AnyObject {
  /// The features, (N, z, y, x, channel).
  ///
  /// Valid from the forward pass until another layer computes its features, which may share the
  /// memory; and after `recompute`.
  var output: Tensor { get }
  /// Computes `output` again from what the forward pass has kept.
  func recompute()
}

/// Features in memory of their own, which are always valid.
final class KeptFeatures: Features {
  let output: Tensor
  init(_ output: Tensor) { self.output = output }
  func recompute() {}
}
