import Foundation
import Statistics

/// A contrast that turns bright into dark.
///
/// The intensities, clipped to the percentiles 0.5 and 99.5, are folded downward above 1 - severity and stretched to
/// the same range again: at 0.5 the brightest voxels are as dark as the darkest, at 1 the image is its negative. A mean
/// of image and negative would be undone by the normalization of intensities. A gamma curve with an exponent from 2/3
/// to 3/2 follows.
struct InvertedContrast: Perturbation {
  static let parameters: [PerturbationParameter] = [.direction("exponent")]

  /// The logarithm of the gamma curve's exponent, to base 3/2.
  let exponent: Double

  init(_ vector: [Double]) { exponent = vector[0] }

  func apply(to acquisition: inout Acquisition, severity: Double, random: inout CounterRandom) {
    let fold = 1 - severity
    let lowest = min(0, 2 * fold - 1)
    let gamma = pow(1.5, severity * exponent)
    acquisition.change { value, scale, _ in
      let share = min(max(scale.share(value), 0), 1)
      let folded = share <= fold ? share : 2 * fold - share
      return scale.value(pow(max(0, (folded - lowest) / (fold - lowest)), gamma))
    }
  }
}
