import Foundation
import Statistics

/// A network of two linear layers that gives a sample a weight between 0 and 2.
///
///     w = 2 σ(b + Σ_j a_j tanh(c_j + Σ_k M_jk x_k))
///
/// It is trained with `Adam`. At first a = 0 and b = 0, so that every weight is 1.
struct WeightTeacher: Codable, Equatable {
  let inputs, units: Int
  /// M, c, a and b, one after the other.
  var parameters: [Double]
  private var adam: Adam

  /// - Parameter seed: The seed of M, which is normal with variance 1 / inputs.
  init(inputs: Int, units: Int, seed: UInt64) {
    (self.inputs, self.units) = (inputs, units)
    var random = CounterRandom(key: [seed, UInt64(inputs), UInt64(units)])
    let scale = 1 / Double(inputs).squareRoot()
    let first = (0..<units * inputs).map { _ in random.preciseNormals().0 * scale }
    parameters = first + Array(repeating: 0, count: 2 * units + 1)
    adam = Adam(count: parameters.count)
  }

  /// Whether the numbers are those of such a network.
  var isConsistent: Bool {
    let count = inputs > 0 && units > 0 ? units * inputs + 2 * units + 1 : 0
    return parameters.count == count && parameters.allSatisfy(\.isFinite) && adam.isConsistent(count: count)
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

  /// Takes a step that raises what has this gradient.
  mutating func ascend(_ gradient: [Double], rate: Double) {
    for (i, step) in adam.step(along: gradient, rate: rate).enumerated() { parameters[i] += step }
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
