import Foundation
import Testing

@testable import Tensors

/// Protects that memory is counted where it is allocated, so that a need is known before it is a failure.
@Suite struct TensorMemoryTests {
  @Test func countsTensorsOfBothPrecisionsAndAllocatesNone() {
    let bytes = TensorMemory.bytes {
      let tensor = Tensor([2, 3, 4])
      // Neither has memory to write to.
      tensor.fill(1)
      _ = Tensor(copy: tensor)
      _ = Tensor([5], .bfloat16)
      // More than any machine has.
      _ = Tensor([1 << 50])
    }
    #expect(bytes == 4 * 24 + 4 * 24 + 10 + 4 << 50)
  }

  @Test func aSumThatDoesNotFitIsTheLargestNumber() {
    #expect(TensorMemory.bytes { for _ in 0..<4 { _ = Tensor([1 << 60]) } } == .max)
  }

  @Test func tensorsHaveMemoryAgainAfterwards() {
    _ = TensorMemory.bytes { _ = Tensor([1]) }
    let tensor = Tensor([2])
    tensor.fill(3)
    #expect(tensor.elements == [3, 3])
  }

  /// A sentence and a status, not a crash.
  @Test func memoryThatTheSystemRefusesEndsTheProgram() async {
    let result = await #expect(processExitsWith: .exitCode(1), observing: [\.standardErrorContent]) {
      _ = Tensor([1 << 50])
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("hwsseg: error: the system refused \(4 << 50) bytes of memory"), "\(text)")
  }

  /// Layers borrow in turn, so that the pool needs the largest of each rank.
  @Test func reservedScratchIsTheLargestOfEachRank() {
    let bytes = TensorMemory.bytes {
      let pool = ScratchPool()
      pool.reserve([10, 100])
      pool.reserve([50, 50, 5])
      pool.allocate()
    }
    #expect(bytes == 4 * (100 + 50 + 5))
  }

  /// What the passes borrow has been reserved: a training step in steady state allocates nothing.
  @Test(arguments: [Engine.blas, .auto, .onednn])
  func convolutionsBorrowNoMoreThanTheyHaveReserved(engine: Engine) throws {
    for (kernel, stride, channels) in [
      ([3, 3, 3], 1, 16), ([3, 3, 3], 2, 16), ([1, 1, 1], 1, 5), ([1, 3, 3], 1, 5),
    ] {
      let shape = ConvolutionShape(
        batch: 2, inputChannels: channels, outputChannels: 32, input: [16, 16, 16], kernel: kernel,
        stride: [stride, stride, stride])
      let pool = ScratchPool()
      let convolution = try engine.convolution(shape, scratch: pool)
      pool.allocate()
      let before = pool.blocks
      let (x, y) = (Tensor(shape.inputTensor), Tensor(shape.outputTensor))
      let (weights, bias) = (Tensor(shape.weights), Tensor([32]))
      convolution.prepare(weights: weights)
      convolution.forward(input: x, bias: bias, output: y)
      convolution.backwardWeights(input: x, outputGradient: y, weightGradient: weights, biasGradient: bias)
      convolution.backwardInput(outputGradient: y, weights: weights, inputGradient: x)
      #expect(pool.blocks == before, "\(engine) \(kernel) \(stride)")
    }
  }
}
