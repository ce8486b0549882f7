import Tensors

/// A trained network, or several, whose probabilities a student learns.
public protocol Teacher {
  /// The checksum of the weights, so that a run is resumed with the same teacher; `nil` when there is none.
  var checksum: String? { get }

  /// Computes the logits of patches.
  ///
  /// - Parameter input: The images that the student sees, (N, z, y, x, channel).
  /// - Returns: The logits, (N, z, y, x, output channel). The next call may overwrite them.
  func logits(of input: Tensor) -> Tensor
}
