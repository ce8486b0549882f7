import Files
import TestSupport
import Testing

@testable import Tensors

/// Protects the convolutions: both engines compute what seven nested loops compute, outputs and gradients, for every
/// kind of kernel and stride that a plan can name.
@Suite struct ConvolutionTests {
  static let shapes: [ConvolutionShape] = [
    .init(batch: 2, inputChannels: 3, outputChannels: 5, input: [4, 5, 6], kernel: [3, 3, 3], stride: [1, 1, 1]),
    .init(batch: 1, inputChannels: 16, outputChannels: 32, input: [7, 9, 5], kernel: [3, 3, 3], stride: [1, 1, 1]),
    .init(batch: 2, inputChannels: 32, outputChannels: 16, input: [9, 10, 7], kernel: [3, 3, 3], stride: [1, 1, 1]),
    .init(
      batch: 1, inputChannels: 16, outputChannels: 48, input: [13, 14, 15], kernel: [3, 3, 3], stride: [1, 1, 1]),
    .init(batch: 2, inputChannels: 8, outputChannels: 8, input: [8, 6, 10], kernel: [3, 3, 3], stride: [2, 2, 2]),
    .init(batch: 1, inputChannels: 2, outputChannels: 4, input: [5, 8, 6], kernel: [1, 3, 3], stride: [1, 2, 2]),
    .init(batch: 2, inputChannels: 4, outputChannels: 3, input: [3, 4, 5], kernel: [1, 1, 1], stride: [1, 1, 1]),
    .init(batch: 1, inputChannels: 32, outputChannels: 48, input: [3, 4, 5], kernel: [1, 1, 1], stride: [1, 1, 1]),
    .init(batch: 1, inputChannels: 1, outputChannels: 6, input: [9, 7, 8], kernel: [3, 3, 3], stride: [1, 2, 2]),
    .init(batch: 1, inputChannels: 3, outputChannels: 2, input: [6, 7, 9], kernel: [5, 3, 1], stride: [1, 1, 1]),
    .init(batch: 2, inputChannels: 4, outputChannels: 4, input: [1, 2, 1], kernel: [3, 3, 3], stride: [1, 1, 1]),
    .init(batch: 1, inputChannels: 2, outputChannels: 3, input: [12, 7, 7], kernel: [7, 3, 3], stride: [2, 1, 2]),
  ]

  /// Multiples of 1/8 of small magnitude, so that sums are exact and only rounding in the transforms may differ.
  private func numbers(_ shape: [Int], _ seed: Int, _ precision: Precision = .float32) -> Tensor {
    let elements = (0..<shape.reduce(1, *)).map { Float(($0 * 7919 + seed * 104_729) % 1009 % 17) / 8 - 1 }
    return precision == .float32 ? Tensor(shape, elements) : Tensor(shape, halves: elements)
  }

  @Test(arguments: [Engine.blas, .onednn], shapes)
  func agreesWithNestedLoops(engine: Engine, shape: ConvolutionShape) throws {
    try compare(engine, shape, .float32, within: 2e-5)
  }

  /// `BFloat16` represents the numbers exactly, so only the rounding to 8 bits of results, and of the factors in
  /// Winograd's transforms, may differ.
  @Test(
    .enabled(if: Precision.bfloat16.isNative, "this processor has no AVX-512 BF16"), arguments: [Engine.auto, .onednn],
    shapes.filter(isRight))
  func bfloat16AgreesWithNestedLoops(engine: Engine, shape: ConvolutionShape) throws {
    try compare(engine, shape, .bfloat16, within: 1.0 / 128)
  }

  /// oneDNN 2.6 computes these gradients wrongly, so they must not be computed at all.
  @Test(
    .enabled(if: Precision.bfloat16.isNative, "this processor has no AVX-512 BF16"),
    arguments: shapes.filter { !isRight($0) })
  func whatOneDNNComputesWronglyIsRefused(shape: ConvolutionShape) {
    #expect(throws: InputError.self) { try Engine.auto.convolution(shape, precision: .bfloat16) }
  }

  private static func isRight(_ shape: ConvolutionShape) -> Bool {
    shape.kernel != [1, 1, 1] || shape.outputChannels % 2 == 0
  }

  /// So many channels that Winograd's products are computed position by position. Nested loops would take too long, so
  /// the reference is oneDNN, which is compared with them above.
  @Test(arguments: Precision.allCases.filter(\.isNative))
  func manyChannelsAgreeWithOneDNN(precision: Precision) throws {
    let shape = ConvolutionShape(
      batch: 1, inputChannels: 320, outputChannels: 208, input: [10, 11, 11], kernel: [3, 3, 3], stride: [1, 1, 1])
    let weights = numbers(shape.weights, 2)
    let (input, gradient) = (
      numbers(shape.inputTensor, 1, precision), numbers(shape.outputTensor, 4, precision)
    )
    func passes(_ engine: Engine) throws -> [[Float]] {
      let convolution = try engine.convolution(shape, precision: precision)
      let output = Tensor(shape.outputTensor, precision)
      let inputGradient = Tensor(shape.inputTensor, precision)
      let (weightGradient, biasGradient) = (Tensor(shape.weights), Tensor([shape.outputChannels]))
      convolution.prepare(weights: weights)
      convolution.forward(input: input, bias: numbers([shape.outputChannels], 3), output: output)
      convolution.backwardInput(outputGradient: gradient, weights: weights, inputGradient: inputGradient)
      convolution.backwardWeights(
        input: input, outputGradient: gradient, weightGradient: weightGradient, biasGradient: biasGradient)
      return [output, inputGradient, weightGradient, biasGradient].map(\.elements)
    }
    let tolerance: Float = precision == .float32 ? 2e-5 : 1.0 / 128
    let names = ["output", "input gradient", "weight gradient", "bias gradient"]
    for (name, (found, expected)) in zip(names, zip(try passes(.auto), try passes(.onednn))) {
      expectClose(found, expected, name, within: tolerance, floor: tolerance)
    }
  }

  private func compare(
    _ engine: Engine, _ shape: ConvolutionShape, _ precision: Precision, within tolerance: Float
  ) throws {
    let convolution = try engine.convolution(shape, precision: precision)
    let weights = numbers(shape.weights, 2)
    let bias = numbers([shape.outputChannels], 3)
    let (input, gradient) = (
      numbers(shape.inputTensor, 1, precision), numbers(shape.outputTensor, 4, precision)
    )
    let expected = NestedLoops(shape, input: input, weights: weights, bias: bias, gradient: gradient)

    let output = Tensor(shape.outputTensor, precision)
    let inputGradient = Tensor(shape.inputTensor, precision)
    let weightGradient = Tensor(shape.weights)
    let biasGradient = Tensor([shape.outputChannels])
    // Twice, over what the first time left behind: results must not depend on the buffers' content.
    for _ in 0..<2 {
      convolution.prepare(weights: weights)
      convolution.forward(input: input, bias: bias, output: output)
      convolution.backwardInput(outputGradient: gradient, weights: weights, inputGradient: inputGradient)
      convolution.backwardWeights(
        input: input, outputGradient: gradient, weightGradient: weightGradient, biasGradient: biasGradient)
    }
    for (name, found, expected) in [
      ("output", output, expected.output), ("input gradient", inputGradient, expected.inputGradient),
      ("weight gradient", weightGradient, expected.weightGradient),
      ("bias gradient", biasGradient, expected.biasGradient),
    ] {
      expectClose(found.elements, expected, name, within: tolerance, floor: tolerance)
    }
  }
}

/// Protects the speed of oneDNN: every shape that nnU-Net's plans ask for is computed by fast code, because oneDNN's
/// reference code is hundreds of times slower.
@Suite struct OneDNNTests {
  static let shapes: [ConvolutionShape] = [
    (1, 32, [3, 3, 3], [1, 1, 1]), (4, 32, [1, 3, 3], [1, 1, 1]), (32, 32, [3, 3, 3], [1, 1, 1]),
    (32, 64, [3, 3, 3], [2, 2, 2]), (64, 128, [3, 3, 3], [1, 2, 2]), (256, 320, [3, 3, 3], [2, 2, 2]),
    (320, 320, [3, 3, 3], [2, 2, 1]), (640, 320, [3, 3, 3], [1, 1, 1]), (64, 32, [1, 3, 3], [1, 1, 1]),
    (32, 64, [1, 1, 1], [1, 1, 1]),
  ].map {
    ConvolutionShape(batch: 2, inputChannels: $0, outputChannels: $1, input: [8, 12, 8], kernel: $2, stride: $3)
  }

  @Test(arguments: shapes, Precision.allCases.filter(\.isNative))
  func neverTakesTheReferenceCode(shape: ConvolutionShape, precision: Precision) throws {
    for name in try OneDNNConvolution(shape, precision: precision).implementations {
      #expect(!name.contains("ref"), "\(shape) in \(precision) is computed by \(name)")
    }
  }
}

/// Protects the speed of matrix products: OpenBLAS uses AVX-512 where the program was built for it.
@Suite struct BLASTests {
  @Test(.enabled(if: String(cString: NumericLibraries.builtFor()).contains("avx512f"), "this processor has no AVX-512"))
  func usesTheProcessor() {
    #expect(!["Prescott", "Core2", "Nehalem", "Sandybridge", "Haswell"].contains(BLAS.kernels))
  }
}

/// Protects the rounding of numbers to `BFloat16` and back.
@Suite struct BFloat16Tests {
  /// Rounding is to nearest, ties to even, for single numbers and for vectors; infinity stays infinity.
  @Test(arguments: [
    (Float(1), UInt16(0x3f80)), (1.00390625, 0x3f80), (1.01171875, 0x3f82), (1.00390637, 0x3f81), (-2.5, 0xc020),
    (3.3895e38, 0x7f7f), (3.4e38, 0x7f80), (.infinity, 0x7f80), (-.infinity, 0xff80), (0, 0), (-0.0, 0x8000),
  ])
  func rounds(_ x: Float, _ bits: UInt16) {
    #expect(BFloat16(x).bits == bits)
    #expect(BFloat16.bits(SIMD16(repeating: x))[3] == bits)
    #expect(BFloat16(BFloat16(x).float).bits == bits)
  }

  @Test func keepsNaN() {
    #expect(BFloat16(.nan).float.isNaN)
    #expect(BFloat16(Float(bitPattern: 0x7f80_0001)).float.isNaN)
  }

  @Test func isRefusedWithBLAS() {
    #expect(throws: InputError.self) { try Engine.blas.check(.bfloat16) }
  }
}

extension Tensor {
  convenience init(_ shape: [Int], halves: [Float]) {
    self.init(shape, .bfloat16)
    for (i, x) in halves.enumerated() { pointer(BFloat16.self)[i] = BFloat16(x) }
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
