import TestSupport
import Testing
import Threads

@testable import Tensors

/// Protects the convolution by large tiles: every extent, also those that tiles do not divide, every number of
/// channels, and what it takes over from the layers around it. `ConvolutionTests` compare it with nested loops.
@Suite struct LargeTileTests {
  static let shapes: [ConvolutionShape] = [
    (1, 16, 16, [4, 4, 4]), (2, 32, 48, [9, 6, 7]), (1, 48, 32, [5, 11, 8]), (3, 16, 64, [6, 7, 13]),
    (1, 80, 112, [8, 5, 10]),
  ].map {
    ConvolutionShape(
      batch: $0, inputChannels: $1, outputChannels: $2, input: $3, kernel: [3, 3, 3], stride: [1, 1, 1])
  }

  private func numbers(_ shape: [Int], _ seed: Int) -> Tensor {
    Tensor(shape, (0..<shape.reduce(1, *)).map { Float(($0 * 7919 + seed * 104_729) % 1009 % 17) / 8 - 1 })
  }

  /// The engine would compute some of these shapes otherwise.
  @Test(arguments: shapes)
  func agreesWithOtherConvolutions(shape: ConvolutionShape) throws {
    let (weights, bias) = (numbers(shape.weights, 1), numbers([shape.outputChannels], 2))
    let (input, gradient) = (numbers(shape.inputTensor, 3), numbers(shape.outputTensor, 4))
    func passes(_ convolution: any Convolution) -> (output: [Float], inputGradient: [Float]) {
      let (output, inputGradient) = (Tensor(shape.outputTensor), Tensor(shape.inputTensor))
      for _ in 0..<2 {
        convolution.prepare(weights: weights)
        convolution.forward(input: input, bias: bias, output: output)
        convolution.backwardInput(outputGradient: gradient, weights: weights, inputGradient: inputGradient)
      }
      return (output.elements, inputGradient.elements)
    }
    let found = passes(LargeTileConvolution(shape, training: true, scratch: ScratchPool()))
    let expected = passes(Im2ColConvolution(shape, training: true, scratch: ScratchPool()))
    expectClose(found.output, expected.output, "output", within: 2e-5, floor: 2e-5)
    expectClose(found.inputGradient, expected.inputGradient, "input gradient", within: 2e-5, floor: 2e-5)
  }

  /// The same bits whatever the number of threads, on which the size of blocks depends. The limit on threads is the
  /// process's, hence the second process.
  @Test func threadsDoNotChangeResults() async {
    await #expect(processExitsWith: .success) {
      let shape = ConvolutionShape(
        batch: 1, inputChannels: 32, outputChannels: 32, input: [17, 18, 20], kernel: [3, 3, 3], stride: [1, 1, 1])
      let tests = LargeTileTests()
      func output(threads: Int) -> [Float] {
        Parallel.limit(to: threads)
        let convolution = LargeTileConvolution(shape, training: false, scratch: ScratchPool())
        let output = Tensor(shape.outputTensor)
        convolution.prepare(weights: tests.numbers(shape.weights, 1))
        convolution.forward(
          input: tests.numbers(shape.inputTensor, 2), bias: tests.numbers([32], 3), output: output)
        return output.elements + (0..<32).map { Float(convolution.moments(sample: 0, channel: $0).variance) }
      }
      let expected = output(threads: 1)
      for threads in [2, 3, 8] { try #require(output(threads: threads) == expected) }
    }
  }

  /// A map of the input gives the same as a convolution of the mapped input. Outside the volume there are zeros, not
  /// mapped zeros.
  @Test(arguments: shapes)
  func mapsItsInput(shape: ConvolutionShape) {
    let (input, bias) = (numbers(shape.inputTensor, 3), numbers([shape.outputChannels], 2))
    let map = ChannelMap(
      factor: numbers([shape.batch, shape.inputChannels], 5), offset: numbers([shape.batch, shape.inputChannels], 6),
      slope: 0.25)
    let (factor, offset, channels) = (map.factor.elements, map.offset.elements, shape.inputChannels)
    let voxels = shape.input.reduce(1, *)
    let mapped = input.elements.enumerated().map { i, x in
      let index = i / (voxels * channels) * channels + i % channels
      let z = factor[index] * x + offset[index]
      return z > 0 ? z : 0.25 * z
    }
    let convolution = LargeTileConvolution(shape, training: false, scratch: ScratchPool())
    convolution.prepare(weights: numbers(shape.weights, 1))
    let (found, expected) = (Tensor(shape.outputTensor), Tensor(shape.outputTensor))
    convolution.forward(input: input, map: map, bias: bias, output: found)
    convolution.forward(input: Tensor(shape.inputTensor, mapped), bias: bias, output: expected)
    expectClose(found.elements, expected.elements, "output", within: 1e-5, floor: 1e-5)
  }

  /// Mean and variance are those of the outputs, also where the mean is far from 0.
  @Test(arguments: shapes)
  func knowsItsMoments(shape: ConvolutionShape) {
    let bias = Tensor([shape.outputChannels], (0..<shape.outputChannels).map { Float($0 * $0) })
    let convolution = LargeTileConvolution(shape, training: false, scratch: ScratchPool())
    convolution.prepare(weights: numbers(shape.weights, 1))
    let output = Tensor(shape.outputTensor)
    convolution.forward(input: numbers(shape.inputTensor, 3), bias: bias, output: output)
    let (elements, voxels, channels) = (output.elements, shape.output.reduce(1, *), shape.outputChannels)
    for sample in 0..<shape.batch {
      for channel in 0..<channels {
        let values = (0..<voxels).map { Double(elements[(sample * voxels + $0) * channels + channel]) }
        let mean = values.reduce(0, +) / Double(voxels)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(voxels)
        let found = convolution.moments(sample: sample, channel: channel)
        #expect(abs(found.mean - mean) < 1e-6 * (mean * mean + variance).squareRoot())
        #expect(abs(found.variance - variance) < 1e-5 * variance + 1e-9)
      }
    }
  }
}

/// Protects the matrix products by panels: every number of rows, also those that blocks do not divide, and every
/// number of columns.
@Suite struct FloatProductTests {
  @Test(arguments: [1, 3, 4, 7, 8, 21], [16, 32, 48, 64])
  func agreesWithItsDefinition(m: Int, n: Int) {
    let k = 19
    func number(_ i: Int) -> Float { Float(i * 7919 % 1009 % 17) / 8 - 1 }
    let rows = m + FloatProduct.rowBlock - 1
    let a = (0..<rows * k).map(number)
    var b = [Float](repeating: 0, count: k * n)
    for i in 0..<k {
      for j in 0..<n { b[FloatProduct.offset(row: i, column: j, rows: k, columns: n)] = number(i * n + j + 5) }
    }
    var c = [Float](repeating: .nan, count: rows * n)
    FloatProduct.multiply(m, n, k, a: a, b: b, c: &c)
    for i in 0..<m {
      for j in 0..<n {
        let expected = (0..<k).reduce(Float(0)) { $0 + a[i * k + $1] * number($1 * n + j + 5) }
        #expect(c[i * n + j] == expected, "row \(i), column \(j)")
      }
    }
  }
}
