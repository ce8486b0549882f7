/// The normalization after a convolution: each channel is brought to mean 0 and variance 1.
///
/// If it is affine, a trained scale and shift for each channel follow.
public enum NormalizationKind: Sendable, Equatable, Codable {
  /// Mean and variance of the voxels of each sample: PyTorch's `InstanceNorm3d` without running
  /// statistics.
  case instance(affine: Bool)
  /// Mean and variance of the voxels of the whole batch, and running statistics in inference:
  /// PyTorch's `BatchNorm3d` with momentum 0.1.
  case batch(affine: Bool)
}
