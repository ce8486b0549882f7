import Tensors
import Threads

/// How the logits of a batch change when the weights move along a direction: J · v, with the Jacobian J of the logits
/// by the weights θ.
///
/// It takes two forward passes, at θ + ε v and θ − ε v, whatever the number of samples:
///
///     J · v ≈ (z(θ + ε v) − z(θ − ε v)) / 2 ε,  ε = 10⁻⁴ |θ| / |v|
///
/// as DARTS does for its second derivatives (Liu et al. 2019, <https://arxiv.org/abs/1806.09055>). The scalar product
/// of any gradient with respect to the logits and this tangent is that of the weights' gradient and v.
public final class LogitTangent {
  /// The tangents, in the shapes of the network's outputs; only of those whose loss has a weight.
  public let tangents: [Tensor]
  private let network: Network
  /// The direction v, as long as the parameters.
  private let direction: [Tensor]
  /// The parameters and running statistics as they were.
  private let kept: [Tensor]
  /// |ε v| / |θ|: small enough for the curvature, and large enough for the rounding of 32-bit floats.
  private static let distance = 1e-4

  /// Allocates the tangent of a network for training, in 32-bit floats: in bfloat16 the difference would be lost.
  public init(_ network: Network) {
    self.network = network
    direction = network.parameters.map { Tensor($0.value.shape) }
    kept = (network.parameters + network.buffers).map { Tensor($0.value.shape) }
    tangents = zip(network.outputs, DeepSupervision.weights(outputs: network.outputs.count)).filter { $1 > 0 }
      .map { Tensor($0.0.shape) }
  }

  /// Takes the gradient of the last ``Network/backward()`` for the direction v.
  public func takeDirection() {
    for (parameter, direction) in zip(network.parameters, direction) {
      if parameter.hasGradient { Elementwise.copy(parameter.gradient, to: direction) } else { direction.fill(0) }
    }
  }

  /// Computes the tangents of the images in ``Network/input``. The weights stay as they are, to the bit; the network's
  /// outputs are then those of weights nearby.
  ///
  /// - Returns: Whether the tangents are known: not if v is 0 or not finite.
  public func compute() -> Bool {
    let weights = network.parameters.map(\.value)
    let step = Float(Self.distance * (Self.squares(weights) / Self.squares(direction)).squareRoot())
    guard step.isFinite, step > 0 else { return false }
    let values = (network.parameters + network.buffers).map(\.value)
    for (value, kept) in zip(values, kept) { Elementwise.copy(value, to: kept) }
    forward(step: step)
    for (tangent, output) in zip(tangents, network.outputs) { Elementwise.copy(output, to: tangent) }
    forward(step: -step)
    for (value, kept) in zip(values, kept) { Elementwise.copy(kept, to: value) }
    for (tangent, output) in zip(tangents, network.outputs) {
      let (t, o) = (SharedPointer(tangent.pointer), SharedPointer(output.pointer))
      Parallel.chunks(tangent.count, size: 1 << 15) { range in
        for i in range { t.pointer[i] = (t.pointer[i] - o.pointer[i]) / (2 * step) }
      }
    }
    return true
  }

  /// The scalar product of the gradient with respect to the logits, ``Network/logitGradients``, and the tangents.
  public func product() -> Double {
    zip(tangents, network.logitGradients).reduce(0) { sum, pair in
      let (tangent, gradient) = pair
      return sum + (0..<tangent.count).reduce(0) { $0 + Double(tangent.pointer[$1]) * Double(gradient.pointer[$1]) }
    }
  }

  /// Passes the images through the network at θ + step · v.
  private func forward(step: Float) {
    for ((parameter, kept), direction) in zip(zip(network.parameters, kept), direction) {
      let (value, kept) = (SharedPointer(parameter.value.pointer), SharedPointer(kept.pointer))
      let direction = SharedPointer(direction.pointer)
      Parallel.chunks(parameter.value.count, size: 1 << 15) { range in
        for i in range { value.pointer[i] = kept.pointer[i] + step * direction.pointer[i] }
      }
    }
    network.forward()
  }

  private static func squares(_ tensors: [Tensor]) -> Double {
    tensors.reduce(0) { sum, tensor in
      sum + (0..<tensor.count).reduce(0) { $0 + Double(tensor.pointer[$1]) * Double(tensor.pointer[$1]) }
    }
  }
}
