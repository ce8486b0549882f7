import Files
import TensorFiles
import Tensors
import Threads

/// Stochastic gradient descent with momentum, weight decay and clipping of the gradient's norm, in PyTorch's order of
/// operations.
///
/// g <- g min(1, clip / (|g| + 1e-6)) + decay θ; v <- momentum v + g; θ <- θ - rate (g + momentum v) with Nesterov,
/// else θ - rate v.
public final class SGD {
  private let parameters: [Parameter]
  private let velocities: [Tensor]
  private let momentum, weightDecay, clip: Float
  private let nesterov: Bool

  public init(_ network: Network, momentum: Float, nesterov: Bool, weightDecay: Float, clip: Float) {
    parameters = network.parameters
    velocities = parameters.map { Tensor($0.value.shape) }
    (self.momentum, self.nesterov, self.weightDecay, self.clip) = (momentum, nesterov, weightDecay, clip)
  }

  /// Moves the parameters that the last backward pass reached.
  ///
  /// - Returns: The norm of the gradient over all of them, before clipping.
  public func step(learningRate: Float) -> Float {
    let norm = Float(gradientNorm())
    let scale = min(1, clip / (norm + 1e-6))
    for (parameter, velocity) in zip(parameters, velocities) where parameter.hasGradient {
      let (t, v) = (SharedPointer(parameter.value.pointer), SharedPointer(velocity.pointer))
      let g = SharedPointer(parameter.gradient.pointer)
      Parallel.chunks(velocity.count, size: 1 << 15) { [momentum, weightDecay, nesterov] range in
        for i in range {
          let gradient = g.pointer[i] * scale + weightDecay * t.pointer[i]
          let speed = momentum * v.pointer[i] + gradient
          v.pointer[i] = speed
          t.pointer[i] -= learningRate * (nesterov ? gradient + momentum * speed : speed)
        }
      }
    }
    return norm
  }

  private func gradientNorm() -> Double {
    var total = 0.0
    for parameter in parameters where parameter.hasGradient {
      let gradient = parameter.gradient.pointer
      for lower in stride(from: 0, to: parameter.gradient.count, by: 4096) {
        var sums = SIMD16<Float>.zero
        let upper = min(parameter.gradient.count, lower + 4096)
        var i = lower
        while i + 16 <= upper {
          let lane = UnsafeRawPointer(gradient + i).loadUnaligned(as: SIMD16<Float>.self)
          sums += lane * lane
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

  /// The velocities, named after their parameters, in PyTorch's layout.
  public func state() -> [Safetensors.Tensor] {
    zip(parameters, velocities).map {
      Safetensors.Tensor("momentum." + $0.name, shape: $0.fileShape, floats: $0.inFileOrder($1))
    }
  }

  /// Takes the velocities over from a file.
  ///
  /// - Throws: `InputError` when one is missing or of another shape; nothing is changed then.
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
