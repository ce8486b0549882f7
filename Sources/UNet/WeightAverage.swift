import Files
import TensorFiles
import Tensors
import Threads

/// An exponential moving average of a network's weights, which is often steadier than the last weights.
///
/// After the t-th step, with decay d,
///
///     a ← a + (1 − min(d, (1 + t) / (10 + t))) · (θ − a)
///
/// The first steps move the average faster, so that the initial weights are soon forgotten (as in TensorFlow's
/// `ExponentialMovingAverage`). Running statistics are averaged like parameters.
public final class WeightAverage {
  private let parameters: [Parameter]
  private let averages: [Tensor]
  private let decay: Float
  private var steps = 0

  /// Creates an average that begins at the network's present weights.
  ///
  /// - Parameters:
  ///   - network: The network.
  ///   - decay: The decay d, at least 0 and less than 1.
  public init(_ network: Network, decay: Double) {
    parameters = network.parameters + network.buffers
    averages = parameters.map { Tensor(copy: $0.value) }
    self.decay = Float(decay)
  }

  /// Takes in the weights after a step.
  public func update() {
    // Long before this bound the number no longer matters.
    steps = min(steps + 1, Int(Int32.max) - 1)
    let share = 1 - min(decay, Float(1 + steps) / Float(10 + steps))
    for (parameter, average) in zip(parameters, averages) {
      let (w, a) = (SharedPointer(parameter.value.pointer), SharedPointer(average.pointer))
      Parallel.chunks(average.count, size: 1 << 15) { range in
        for i in range { a.pointer[i] += share * (w.pointer[i] - a.pointer[i]) }
      }
    }
  }

  /// The averages in the form of ``Network/weights()``.
  public func weights() -> [Safetensors.Tensor] { tensors(prefix: "") }

  /// The averages and the number of steps, for a checkpoint.
  public func state() -> [Safetensors.Tensor] {
    tensors(prefix: Self.prefix) + [Safetensors.Tensor(Self.prefix + "steps", shape: [1], int32s: [Int32(steps)])]
  }

  /// Restores what ``state()`` has stored.
  ///
  /// - Throws: `InputError` when the file has no average of this network. Nothing is changed then.
  public func load(_ file: Safetensors) throws {
    let values = try parameters.map { parameter -> [Float] in
      let name = Self.prefix + parameter.name
      guard try file.entry(name).shape == parameter.fileShape else {
        throw InputError(file.url.path, found: "\(name) of another shape", expected: "shape \(parameter.fileShape)")
      }
      return parameter.fromFileOrder(try file.floats(name))
    }
    guard let count = try file.integers(Self.prefix + "steps").first, 0..<Int32.max ~= count else {
      throw InputError(
        file.url.path, found: "no usable number of steps of the average",
        expected: "a number from 0 to \(Int32.max - 1)")
    }
    for (average, elements) in zip(averages, values) {
      average.withUnsafeMutableBufferPointer { _ = $0.update(from: elements) }
    }
    steps = Int(count)
  }

  private static let prefix = "ema/"

  private func tensors(prefix: String) -> [Safetensors.Tensor] {
    zip(parameters, averages).map { parameter, average in
      Safetensors.Tensor(prefix + parameter.name, shape: parameter.fileShape, floats: parameter.inFileOrder(average))
    }
  }
}
