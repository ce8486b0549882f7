import Foundation
import Statistics

/// Another contrast that keeps the order of intensities.
///
/// Intensities between the percentiles 0.5 and 99.5 follow a gamma curve with an exponent from 1/3 to 3, and after it
/// u + 0.9 b sin(2πu) / 2π, which flattens or steepens the middle. Intensities beyond stay as they are.
struct ContrastCurve: Perturbation {
  static let parameters: [PerturbationParameter] = [.direction("exponent"), .direction("bend")]

  /// The logarithm of the gamma curve's exponent, to base 3.
  let exponent: Double
  /// How much the curve flattens the middle, or steepens it where negative.
  let bend: Double

  init(_ vector: [Double]) { (exponent, bend) = (vector[0], vector[1]) }

  func apply(to acquisition: inout Acquisition, severity: Double, random: inout CounterRandom) {
    let gamma = pow(3, severity * exponent)
    let amplitude = 0.9 * severity * bend / (2 * Double.pi)
    acquisition.change { value, scale, _ in
      let share = scale.share(value)
      guard share > 0, share < 1 else { return value }
      let raised = pow(share, gamma)
      return scale.value(raised + amplitude * sin(2 * Double.pi * raised))
    }
  }
}
