import Files
import TensorFiles
import Tensors
import Threads

/// Stochastic gradient descent with momentum, weight decay and clipping of the gradient's norm.
///
/// For each parameter θ with gradient g and velocity v, which starts at 0, a step computes, in
/// PyTorch's order of operations:
///
///     g = g * min(1, clip / (|g| + 1e-6)) + weightDecay * θ
///     v = momentum * v + g
///     θ = θ - learningRate * (g + momentum * v)     with Nesterov momentum
///     θ = θ - learningRate * v                      without
///
/// The norm |g| is taken over all parameters together.
public final class SGD {
  private let parameters: [Parameter]
  private let velocities: [Tensor]
  private let momentum, weightDecay, clip: Float
  private let nesterov: Bool

  /// Creates an optimizer whose velocities are 0.
  ///
  /// - Parameters:
  ///   - network: The network whose parameters are trained.
  ///   - momentum: The factor by which the velocity decays in each step.
  ///   - nesterov: Whether to use Nesterov momentum.
  ///   - weightDecay: The factor of θ that is added to the gradient.
  ///   - clip: The norm above which the gradient is scaled down.
  public init(_ network: Network, momentum: Float, nesterov: Bool, weightDecay: Float, clip: Float) {
    parameters = network.parameters
    velocities = parameters.map { Tensor($0.value.shape) }
    (self.momentum, self.nesterov, self.weightDecay, self.clip) = (momentum, nesterov, weightDecay, clip)
  }

  /// Updates the parameters whose gradient the last backward pass has set.
  ///
  /// - Parameter learningRate: The learning rate of this step.
  /// - Returns: The norm of the gradient over all these parameters, before clipping. When it is not finite, nothing is
  ///   updated.
  public func step(learningRate: Float) -> Float {
    let norm = Float(gradientNorm())
    guard norm.isFinite else { return norm }
    let scale = min(1, clip / (norm + 1e-6))
    for (parameter, velocity) in zip(parameters, velocities) where parameter.hasGradient {
      let (t, v) = (SharedPointer(parameter.value.pointer), SharedPointer(velocity.pointer))
      let g = SharedPointer(parameter.gradient.pointer)
      Parallel.chunks(velocity.count, size: 1 << 15) { [momentum, weightDecay, nesterov] range in
        for i in range {
          let gradient = g.pointer[i] * scale + weightDecay * t.pointer[i]
          let velocity = momentum * v.pointer[i] + gradient
          v.pointer[i] = velocity
          t.pointer[i] -= learningRate * (nesterov ? gradient + momentum * velocity : velocity)
        }
      }
    }
    return norm
  }

  /// Returns the norm of the gradient over all parameters whose gradient is set.
  ///
  /// The squares are summed in 32-bit floats within blocks of 4096 elements, and in 64-bit floats
  /// over the blocks.
  private func gradientNorm() -> Double {
    var total = 0.0
    for parameter in parameters where parameter.hasGradient {
      let gradient = parameter.gradient.pointer
      for lower in stride(from: 0, to: parameter.gradient.count, by: 4096) {
        var sums = SIMD16<Float>.zero
        let upper = min(parameter.gradient.count, lower + 4096)
        var i = lower
        while i + 16 <= upper {
          let vector = UnsafeRawPointer(gradient + i).loadUnaligned(as: SIMD16<Float>.self)
          sums += vector * vector
          i += 16
        }
        var rest: Float = 0
        while i < upper {
          rest += gradient[i] * gradient[i]
          i += 1
        }
        total += Double(sums.sum() + rest)
      }
    }
    return total.squareRoot()
  }

  /// Returns the velocities in PyTorch's layout, each named `momentum.` and the name of its
  /// parameter.
  public func state() -> [Safetensors.Tensor] {
    zip(parameters, velocities).map {
      Safetensors.Tensor("momentum." + $0.name, shape: $0.fileShape, floats: $0.inFileOrder($1))
    }
  }

  /// Reads the velocities that ``state()`` returned from a file.
  ///
  /// - Parameter state: The file.
  /// - Throws: `InputError` when a velocity is missing or has another shape. No velocity is changed
  ///   then.
  public func load(_ state: Safetensors) throws {
    let values = try parameters.map { parameter -> [Float] in
      let name = "momentum." + parameter.name
      guard try state.entry(name).shape == parameter.fileShape else {
        throw InputError(state.url.path, found: "\(name) of another shape", expected: "shape \(parameter.fileShape)")
      }
      return parameter.fromFileOrder(try state.floats(name))
    }
    for (velocity, elements) in zip(velocities, values) {
      velocity.withUnsafeMutableBufferPointer { _ = $0.update(from: elements) }
    }
  }
}
