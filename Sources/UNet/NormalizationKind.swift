/// What follows a convolution: its features are brought to mean 0 and variance 1, then scaled and shifted where it is
/// affine.
public enum NormalizationKind: Sendable, Equatable, Codable {
  /// Over the voxels of each sample (PyTorch's InstanceNorm3d without running statistics).
  case instance(affine: Bool)
  /// Over the voxels of the whole batch; in inference by running statistics (PyTorch's BatchNorm3d with momentum 0.1).
  case batch(affine: Bool)
}
