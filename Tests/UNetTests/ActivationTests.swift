import Tensors
import Testing

@testable import UNet

/// Protects the activations: their values are PyTorch's, and their backward pass is the derivative of the forward pass.
@Suite struct ActivationTests {
  static let points: [Float] = [-20, -3, -1, -0.25, 0, 0.25, 1, 3, 20]
  /// Values PyTorch computes in float64 at `points`.
  static let values: [(Activation, [Float])] = [
    (.relu, [0, 0, 0, 0, 0, 0.25, 1, 3, 20]),
    (.leakyReLU(slope: 0.01), [-0.2, -0.03, -0.01, -0.0025, 0, 0.25, 1, 3, 20]),
    (.elu(alpha: 1.5), [-1.5, -1.4253194, -0.948180838, -0.331798825, 0, 0.25, 1, 3, 20]),
    (.gelu, [-0, -0.00404969409, -0.158655254, -0.100323419, 0, 0.149676581, 0.841344746, 2.99595031, 20]),
    (.silu, [-4.12230724e-08, -0.14227762, -0.268941421, -0.109455875, 0, 0.140544125, 0.731058579, 2.85772238, 20]),
    (.mish, [-4.12230724e-08, -0.145647461, -0.303401461, -0.129926964, 0, 0.16957241, 0.865098388, 2.986535, 20]),
  ]

  @Test(arguments: values)
  func agreesWithPyTorch(activation: Activation, expected: [Float]) {
    let (input, output) = (Tensor([9], Self.points), Tensor([9]))
    activation.forward(input, output)
    for (found, expected) in zip(output.elements, expected) {
      #expect(abs(found - expected) <= 1e-6 * max(1, abs(expected)), "\(activation)")
    }
  }

  @Test(arguments: values.map(\.0))
  func backwardIsTheSlope(activation: Activation) {
    let points: [Float] = Self.points.filter { $0 != 0 }
    let step: Float = 1e-2
    let shape = [points.count]
    let (above, below, gradient) = (Tensor(shape), Tensor(shape), Tensor(shape))
    activation.forward(Tensor(shape, points.map { $0 + step }), above)
    activation.forward(Tensor(shape, points.map { $0 - step }), below)
    gradient.fill(2)
    activation.backward(input: Tensor(shape, points), gradient: gradient)
    for i in points.indices {
      let slope = (above.elements[i] - below.elements[i]) / (2 * step)
      #expect(abs(gradient.elements[i] - 2 * slope) < 1e-3, "\(activation) at \(points[i])")
    }
  }
}
