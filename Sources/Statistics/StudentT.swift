import Foundation

/// Student's t distribution, for whole degrees of freedom.
public enum StudentT {
  /// The probability of a value of at most `t`, by the finite sums of Abramowitz and Stegun (1964), 26.7.3 and 26.7.4.
  public static func cumulative(_ t: Double, degreesOfFreedom: Int) -> Double {
    let angle = atan2(abs(t), Double(degreesOfFreedom).squareRoot())
    let square = cos(angle) * cos(angle)
    let isOdd = degreesOfFreedom % 2 == 1
    var term = isOdd ? cos(angle) : 1
    var sum = degreesOfFreedom == 1 ? 0 : term
    for index in stride(from: isOdd ? 3 : 2, to: degreesOfFreedom, by: 2) {
      term *= square * Double(index - 1) / Double(index)
      sum += term
    }
    let inner = isOdd ? 2 / Double.pi * (angle + sin(angle) * sum) : sin(angle) * sum
    return t < 0 ? (1 - inner) / 2 : (1 + inner) / 2
  }

  /// The value below which a number lies with probability `p`: the inverse of ``cumulative(_:degreesOfFreedom:)``.
  ///
  /// - Parameters:
  ///   - p: From 0.001 to 0.999.
  ///   - degreesOfFreedom: At least 1.
  public static func quantile(_ p: Double, degreesOfFreedom: Int) -> Double {
    var (lower, upper) = (-1000.0, 1000.0)
    for _ in 0..<80 {
      let middle = (lower + upper) / 2
      if cumulative(middle, degreesOfFreedom: degreesOfFreedom) < p { lower = middle } else { upper = middle }
    }
    return (lower + upper) / 2
  }
}
