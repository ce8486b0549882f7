import Tensors
import Testing

/// Both engines compute what seven nested loops compute, forward and both ways back, for every kind of kernel and stride a plan
/// can name.
@Suite struct ConvolutionTests {
  static let shapes: [ConvolutionShape] = [
    .init(batch: 2, inputChannels: 3, outputChannels: 5, input: [4, 5, 6], kernel: [3, 3, 3], stride: [1, 1, 1]),
    .init(batch: 1, inputChannels: 16, outputChannels: 32, input: [7, 9, 5], kernel: [3, 3, 3], stride: [1, 1, 1]),
    .init(batch: 2, inputChannels: 32, outputChannels: 16, input: [9, 10, 7], kernel: [3, 3, 3], stride: [1, 1, 1]),
    .init(batch: 2, inputChannels: 8, outputChannels: 8, input: [8, 6, 10], kernel: [3, 3, 3], stride: [2, 2, 2]),
    .init(batch: 1, inputChannels: 2, outputChannels: 4, input: [5, 8, 6], kernel: [1, 3, 3], stride: [1, 2, 2]),
    .init(batch: 2, inputChannels: 4, outputChannels: 3, input: [3, 4, 5], kernel: [1, 1, 1], stride: [1, 1, 1]),
    .init(batch: 1, inputChannels: 1, outputChannels: 6, input: [9, 7, 8], kernel: [3, 3, 3], stride: [1, 2, 2]),
    .init(batch: 1, inputChannels: 3, outputChannels: 2, input: [6, 7, 9], kernel: [5, 3, 1], stride: [1, 1, 1]),
    .init(batch: 2, inputChannels: 4, outputChannels: 4, input: [1, 2, 1], kernel: [3, 3, 3], stride: [1, 1, 1]),
    .init(batch: 1, inputChannels: 2, outputChannels: 3, input: [12, 7, 7], kernel: [7, 3, 3], stride: [2, 1, 2]),
  ]

  /// Small whole numbers, so that sums are exact and engines must agree to rounding in the transforms alone.
  private func numbers(_ shape: [Int], _ seed: Int) -> Tensor {
    Tensor(shape, (0..<shape.reduce(1, *)).map { Float(($0 * 7919 + seed * 104_729) % 1009 % 17) / 8 - 1 })
  }

  private func expectClose(_ found: Tensor, _ expected: [Float], _ what: String) {
    let scale = expected.map(abs).max() ?? 1
    let worst = zip(found.elements, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(worst <= 2e-5 * max(scale, 1), "\(what) differs by \(worst) of \(scale)")
  }

  @Test(arguments: [Engine.blas, .onednn], shapes)
  func agreesWithNestedLoops(engine: Engine, shape: ConvolutionShape) throws {
    let convolution = try engine.convolution(shape)
    let input = numbers(shape.inputTensor, 1)
    let weights = numbers(shape.weights, 2)
    let bias = numbers([shape.outputChannels], 3)
    let gradient = numbers(shape.outputTensor, 4)
    let expected = NestedLoops(shape, input: input, weights: weights, bias: bias, gradient: gradient)

    let output = Tensor(shape.outputTensor)
    let inputGradient = Tensor(shape.inputTensor)
    let weightGradient = Tensor(shape.weights)
    let biasGradient = Tensor([shape.outputChannels])
    // Twice, over what the first time left behind: results must not depend on the buffers' content.
    for _ in 0..<2 {
      convolution.forward(input: input, weights: weights, bias: bias, output: output)
      convolution.backwardInput(outputGradient: gradient, weights: weights, inputGradient: inputGradient)
      convolution.backwardWeights(
        input: input, outputGradient: gradient, weightGradient: weightGradient, biasGradient: biasGradient)
    }
    expectClose(output, expected.output, "output")
    expectClose(inputGradient, expected.inputGradient, "gradient by the input")
    expectClose(weightGradient, expected.weightGradient, "gradient by the weights")
    expectClose(biasGradient, expected.biasGradient, "gradient by the bias")
  }
}

/// A convolution and its gradients by definition.
private struct NestedLoops {
  var output, inputGradient, weightGradient, biasGradient: [Float]

  init(_ s: ConvolutionShape, input: Tensor, weights: Tensor, bias: Tensor, gradient: Tensor) {
    let (x, w, b, g) = (input.elements, weights.elements, bias.elements, gradient.elements)
    output = Array(repeating: 0, count: g.count)
    inputGradient = Array(repeating: 0, count: x.count)
    weightGradient = Array(repeating: 0, count: w.count)
    biasGradient = Array(repeating: 0, count: b.count)
    let (out, into) = (s.output, s.input)
    for n in 0..<s.batch {
      for z in 0..<out[0] {
        for y in 0..<out[1] {
          for xx in 0..<out[2] {
            for o in 0..<s.outputChannels {
              let row = (((n * out[0] + z) * out[1] + y) * out[2] + xx) * s.outputChannels + o
              var sum = b[o]
              biasGradient[o] += g[row]
              for kz in 0..<s.kernel[0] {
                for ky in 0..<s.kernel[1] {
                  for kx in 0..<s.kernel[2] {
                    let iz = z * s.stride[0] + kz - s.padding[0]
                    let iy = y * s.stride[1] + ky - s.padding[1]
                    let ix = xx * s.stride[2] + kx - s.padding[2]
                    guard 0..<into[0] ~= iz, 0..<into[1] ~= iy, 0..<into[2] ~= ix else { continue }
                    for c in 0..<s.inputChannels {
                      let i = (((n * into[0] + iz) * into[1] + iy) * into[2] + ix) * s.inputChannels + c
                      let k = (((o * s.kernel[0] + kz) * s.kernel[1] + ky) * s.kernel[2] + kx) * s.inputChannels + c
                      sum += x[i] * w[k]
                      inputGradient[i] += g[row] * w[k]
                      weightGradient[k] += g[row] * x[i]
                    }
                  }
                }
              }
              output[row] = sum
            }
          }
        }
      }
    }
  }
}
