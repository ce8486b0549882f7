import Files
import Tensors

/// Compares the forward and both backward passes of an engine's convolutions with their definition.
enum ConvolutionCheck {
  /// The one shape is computed by Winograd's algorithm where the engine has it, the other is not.
  private static let shapes = [
    ConvolutionShape(
      batch: 1, inputChannels: 16, outputChannels: 16, input: [8, 12, 11], kernel: [3, 3, 3], stride: [1, 1, 1]),
    ConvolutionShape(
      batch: 2, inputChannels: 8, outputChannels: 8, input: [6, 7, 8], kernel: [3, 3, 3], stride: [2, 2, 2]),
  ]

  /// Checks every engine in every precision that it has.
  static func all() -> [Check] {
    let pairs = [(Engine.blas, Precision.float32), (.onednn, .float32), (.auto, .bfloat16), (.onednn, .bfloat16)]
    return pairs.map { engine, precision in
      Check("convolutions, \(engine) in \(precision)") {
        guard precision.isNative else { return .missing("the program was built for a processor without AVX-512 BF16") }
        let tolerance: Float = precision == .float32 ? 2e-5 : 1.0 / 128
        let error = try shapes.map { try largestError(engine, precision, $0) }.reduce(0, max)
        guard error <= tolerance else { return .failed("an error of \(error), expected at most \(tolerance)") }
        return .ok("error \(error)")
      }
    }
  }

  /// The largest error of the output and the gradients, relative to the largest of their elements.
  private static func largestError(_ engine: Engine, _ precision: Precision, _ shape: ConvolutionShape) throws -> Float
  {
    let (weights, bias) = (numbers(shape.weights, 2, .float32), numbers([shape.outputChannels], 3, .float32))
    let (input, gradient) = (numbers(shape.inputTensor, 1, precision), numbers(shape.outputTensor, 4, precision))
    let (output, inputGradient) = (Tensor(shape.outputTensor, precision), Tensor(shape.inputTensor, precision))
    let (weightGradient, biasGradient) = (Tensor(shape.weights), Tensor([shape.outputChannels]))
    let convolution = try engine.convolution(shape, precision: precision)
    convolution.prepare(weights: weights)
    convolution.forward(input: input, bias: bias, output: output)
    convolution.backwardInput(outputGradient: gradient, weights: weights, inputGradient: inputGradient)
    convolution.backwardWeights(
      input: input, outputGradient: gradient, weightGradient: weightGradient, biasGradient: biasGradient)
    let loops = NestedLoops(
      shape, input: input.elements, weights: weights.elements, bias: bias.elements, gradient: gradient.elements)
    let found = [output, inputGradient, weightGradient, biasGradient].map(\.elements)
    return zip(found, [loops.output, loops.inputGradient, loops.weightGradient, loops.biasGradient]).map {
      found, expected in
      let error = zip(found, expected).map { abs($0 - $1) }.reduce(0) { $1.isNaN ? .infinity : max($0, $1) }
      return error / expected.map(abs).reduce(1, max)
    }.reduce(0, max)
  }

  /// Multiples of 1/8 of small magnitude, which have the same value in either precision.
  private static func numbers(_ shape: [Int], _ seed: Int, _ precision: Precision) -> Tensor {
    let elements = (0..<shape.reduce(1, *)).map { Float(($0 * 7919 + seed * 104_729) % 1009 % 17) / 8 - 1 }
    guard precision == .bfloat16 else { return Tensor(shape, elements) }
    let tensor = Tensor(shape, .bfloat16)
    for (index, element) in elements.enumerated() { tensor.pointer(BFloat16.self)[index] = BFloat16(element) }
    return tensor
  }
}
