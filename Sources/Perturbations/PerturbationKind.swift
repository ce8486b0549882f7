/// The kinds of perturbations, named as in files and options.
public enum PerturbationKind: String, CaseIterable, Sendable {
  /// Another contrast that keeps the order of intensities.
  case contrast
  /// A contrast that turns bright into dark.
  case inversion
  /// Brightness that varies smoothly over the image.
  case bias
  /// Noise in every voxel.
  case noise
  /// Fewer, thicker slices.
  case slices
  /// Displaced copies of the image.
  case ghosting
  /// A patient who is turned, larger or smaller.
  case affine

  var type: any Perturbation.Type {
    switch self {
    case .contrast: ContrastCurve.self
    case .inversion: InvertedContrast.self
    case .bias: BiasField.self
    case .noise: AcquisitionNoise.self
    case .slices: ThickSlices.self
    case .ghosting: Ghosting.self
    case .affine: SmallAffine.self
    }
  }

  /// The parameters in the order of the vector.
  public var parameters: [PerturbationParameter] { type.parameters }
}
