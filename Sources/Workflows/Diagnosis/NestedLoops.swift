import Tensors

/// A convolution and its gradients by definition: as slow as can be, and simple enough to be trusted.
struct NestedLoops {
  /// The results, in the order of the tensors that a `Convolution` writes.
  private(set) var output, inputGradient, weightGradient, biasGradient: [Float]

  init(_ shape: ConvolutionShape, input: [Float], weights: [Float], bias: [Float], gradient: [Float]) {
    output = gradient.indices.map { bias[$0 % shape.outputChannels] }
    inputGradient = Array(repeating: 0, count: input.count)
    weightGradient = Array(repeating: 0, count: weights.count)
    biasGradient = Array(repeating: 0, count: bias.count)
    for row in gradient.indices { biasGradient[row % shape.outputChannels] += gradient[row] }
    let channels = shape.inputChannels
    Self.forEachPair(shape) { voxel, source, position in
      for o in 0..<shape.outputChannels {
        let row = voxel * shape.outputChannels + o
        let weight = (o * shape.kernel.reduce(1, *) + position) * channels
        for c in 0..<channels {
          output[row] += input[source * channels + c] * weights[weight + c]
          inputGradient[source * channels + c] += gradient[row] * weights[weight + c]
          weightGradient[weight + c] += gradient[row] * input[source * channels + c]
        }
      }
    }
  }

  /// Calls `body` for each voxel of the output and each voxel of the input that it depends on, with their numbers and
  /// that of the position in the kernel.
  private static func forEachPair(_ shape: ConvolutionShape, _ body: (_ voxel: Int, _ source: Int, _ k: Int) -> Void) {
    let (output, input, kernel) = (shape.output, shape.input, shape.kernel)
    func position(_ index: Int, _ extents: [Int]) -> [Int] {
      [index / (extents[1] * extents[2]), index / extents[2] % extents[1], index % extents[2]]
    }
    let (outputVoxels, inputVoxels) = (output.reduce(1, *), input.reduce(1, *))
    for voxel in 0..<shape.batch * outputVoxels {
      let target = position(voxel % outputVoxels, output)
      for k in 0..<kernel.reduce(1, *) {
        let offset = position(k, kernel)
        let source = (0..<3).map { target[$0] * shape.stride[$0] + offset[$0] - shape.padding[$0] }
        guard (0..<3).allSatisfy({ 0..<input[$0] ~= source[$0] }) else { continue }
        let index = (source[0] * input[1] + source[1]) * input[2] + source[2]
        body(voxel, voxel / outputVoxels * inputVoxels + index, k)
      }
    }
  }
}
