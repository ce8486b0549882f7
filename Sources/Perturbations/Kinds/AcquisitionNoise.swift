import Statistics

/// Independent noise in every voxel, with a standard deviation of up to 0.3 of the image's contrast.
///
/// In images without negative intensities it is Rician, as in the magnitude of an MR signal; in others it is normal.
struct AcquisitionNoise: Perturbation {
  static let parameters: [PerturbationParameter] = []

  init(_ vector: [Double]) {}

  func apply(to acquisition: inout Acquisition, severity: Double, random: inout CounterRandom) {
    acquisition.change { value, scale, _ in
      let deviation = 0.3 * Float(severity) * scale.width
      let (real, imaginary) = random.normals()
      let received = value + deviation * real
      guard scale.isMagnitude else { return received }
      return (received * received + deviation * deviation * imaginary * imaginary).squareRoot()
    }
  }
}
