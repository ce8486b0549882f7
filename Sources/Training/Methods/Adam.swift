import Foundation

/// Steps of Adam (Kingma and Ba 2015, <https://arxiv.org/abs/1412.6980>) for a few numbers.
///
/// A step is the moving average of the gradients divided by the root of that of their squares, times the learning rate.
/// So it does not depend on the scale of the gradients, which shrink by orders of magnitude as a training goes on.
struct Adam: Codable, Equatable {
  private var mean, square: [Double]
  private var updates = 0

  private static let (meanDecay, squareDecay) = (0.9, 0.999)
  /// Against a division by 0. The usual 1e-8 would matter: gradients may be as small.
  private static let epsilon = 1e-30

  init(count: Int) {
    mean = Array(repeating: 0, count: count)
    square = mean
  }

  /// Takes in a gradient.
  ///
  /// - Returns: The step for each number, in the direction of the gradient.
  mutating func step(along gradient: [Double], rate: Double) -> [Double] {
    updates += 1
    let (first, second) = (1 - pow(Self.meanDecay, Double(updates)), 1 - pow(Self.squareDecay, Double(updates)))
    return gradient.indices.map { i in
      mean[i] = Self.meanDecay * mean[i] + (1 - Self.meanDecay) * gradient[i]
      square[i] = Self.squareDecay * square[i] + (1 - Self.squareDecay) * gradient[i] * gradient[i]
      return rate * mean[i] / first / ((square[i] / second).squareRoot() + Self.epsilon)
    }
  }

  /// Whether the state can be one of so many numbers.
  func isConsistent(count: Int) -> Bool {
    updates >= 0 && [mean, square].allSatisfy { $0.count == count && $0.allSatisfy(\.isFinite) }
      && square.allSatisfy { $0 >= 0 }
  }
}
