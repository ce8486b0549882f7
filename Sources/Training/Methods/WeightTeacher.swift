import Foundation
import Statistics

/// A network of two linear layers that gives a sample a weight between 0 and 2.
///
///     w = 2 σ(b + Σ_j a_j tanh(c_j + Σ_k M_jk x_k))
///
/// It is trained with Adam (Kingma and Ba 2015). At first a = 0 and b = 0, so that every weight is 1.
struct WeightTeacher: Codable, Equatable {
  let inputs, units: Int
  /// M, c, a and b, one after the other.
  var parameters: [Double]
  private var mean, square: [Double]
  private var steps = 0

  /// - Parameter seed: The seed of M, which is normal with variance 1 / inputs.
  init(inputs: Int, units: Int, seed: UInt64) {
    (self.inputs, self.units) = (inputs, units)
    var random = CounterRandom(key: [seed, UInt64(inputs), UInt64(units)])
    let scale = 1 / Double(inputs).squareRoot()
    let first = (0..<units * inputs).map { _ in random.preciseNormals().0 * scale }
    parameters = first + Array(repeating: 0, count: 2 * units + 1)
    mean = parameters.map { _ in 0 }
    square = mean
  }

  /// Whether the numbers are those of such a network.
  var isConsistent: Bool {
    let count = inputs > 0 && units > 0 ? units * inputs + 2 * units + 1 : 0
    return steps >= 0
      && [parameters, mean, square].allSatisfy { $0.count == count && $0.allSatisfy(\.isFinite) }
      && square.allSatisfy { $0 >= 0 }
  }

  /// The weight of a sample.
  func weight(_ x: [Double]) -> Double { evaluate(x).weight }

  /// The derivative of ``weight(_:)`` with respect to each parameter.
  func gradient(_ x: [Double]) -> [Double] {
    let (weight, hidden) = evaluate(x)
    let outer = weight * (1 - weight / 2)
    var gradient = parameters.map { _ in 0.0 }
    let (biases, second) = (units * inputs, units * inputs + units)
    for j in 0..<units {
      let inner = outer * parameters[second + j] * (1 - hidden[j] * hidden[j])
      for k in 0..<inputs { gradient[j * inputs + k] = inner * x[k] }
      gradient[biases + j] = inner
      gradient[second + j] = outer * hidden[j]
    }
    gradient[second + units] = outer
    return gradient
  }

  /// Takes a step of Adam that lowers what has this gradient.
  mutating func descend(_ gradient: [Double], rate: Double) {
    steps += 1
    let (first, second) = (1 - pow(0.9, Double(steps)), 1 - pow(0.999, Double(steps)))
    for i in parameters.indices {
      mean[i] = 0.9 * mean[i] + 0.1 * gradient[i]
      square[i] = 0.999 * square[i] + 0.001 * gradient[i] * gradient[i]
      // Adam's usual 1e-8 would matter: the gradients may be as small.
      parameters[i] -= rate * mean[i] / first / ((square[i] / second).squareRoot() + 1e-30)
    }
  }

  private func evaluate(_ x: [Double]) -> (weight: Double, hidden: [Double]) {
    precondition(x.count == inputs, "inputs of another network")
    let (biases, second) = (units * inputs, units * inputs + units)
    let hidden = (0..<units).map { j in
      tanh((0..<inputs).reduce(parameters[biases + j]) { $0 + parameters[j * inputs + $1] * x[$1] })
    }
    let sum = (0..<units).reduce(parameters[second + units]) { $0 + parameters[second + $1] * hidden[$1] }
    return (2 / (1 + exp(-sum)), hidden)
  }
}
