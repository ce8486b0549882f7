import Tensors

/// The encoder: stages of blocks at lower and lower resolution.
///
/// The first block of a stage has the stage's stride; the full resolution's is 1.
struct Encoder {
  /// The blocks of each stage, full resolution first. The stem of a residual encoder is the first
  /// block of the first stage.
  let stages: [[any Block]]
  /// The size of each stage's output along z, y, x, in voxels.
  let extents: [[Int]]

  /// - Parameter input: The images, (N, z, y, x, channel), in the network's precision.
  init(_ a: Architecture, input: any Features, workspace: Workspace) throws {
    var stages: [[any Block]] = []
    var extents: [[Int]] = []
    var current = input
    func shape(_ stage: Int, stride: [Int]) -> ConvolutionShape {
      ConvolutionShape(
        batch: current.output.shape[0], inputChannels: current.output.shape[4], outputChannels: a.features[stage],
        input: Array(current.output.shape[1...3]), kernel: a.kernels[stage], stride: stride)
    }
    for stage in a.features.indices {
      var blocks: [any Block] = []
      if a.encoder == .residual, stage == 0 {
        let stem = try ConvolutionBlock(
          "encoder.stem.convs.0", shape(0, stride: [1, 1, 1]), input: current, architecture: a, keepsOutput: true,
          workspace: workspace)
        blocks.append(stem)
        current = stem
      }
      var branch: Tensor?
      for i in 0..<a.convolutionsPerStage[stage] {
        let shape = shape(stage, stride: i == 0 ? a.strides[stage] : [1, 1, 1])
        let block: any Block
        switch a.encoder {
        case .plain:
          block = try ConvolutionBlock(
            "encoder.stages.\(stage).0.convs.\(i)", shape, input: current, architecture: a, isOnlyReader: i > 0,
            workspace: workspace)
        case .residual:
          if workspace.training, branch == nil { branch = workspace.tensor(shape.outputTensor) }
          block = try ResidualBlock(
            "encoder.stages.\(stage).blocks.\(i)", shape, input: current, architecture: a, branch: branch,
            workspace: workspace)
        }
        blocks.append(block)
        current = block
      }
      stages.append(blocks)
      extents.append(Array(current.output.shape[1...3]))
    }
    (self.stages, self.extents) = (stages, extents)
  }
}
