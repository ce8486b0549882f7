import Files
import Foundation
import TensorFiles
import Tensors

/// nnU-Net's plain or residual U-Net for a fixed patch and batch: every buffer is allocated when it is made.
///
/// Tensors are (N, z, y, x, channel). It computes one thing at a time.
public final class Network {
  public let architecture: Architecture
  /// Edges of the patch along z, y, x.
  public let patch: [Int]
  public let batchSize: Int
  /// The images, (N, z, y, x, channel); fill it before `forward`.
  public let input: Tensor
  /// Logits, (N, z, y, x, class), full resolution first; only that one when the network is not made for training.
  public let outputs: [Tensor]
  /// Every weight and bias: encoder, decoder stages, transposed convolutions, heads.
  public let parameters: [Parameter]

  /// What is saved beside the parameters but not trained: running statistics of batch normalization.
  private let buffers: [Parameter]
  private let encoder: [[any Block]]
  private let decoder: [DecoderStage]
  /// The images in the network's precision.
  private let images: Tensor
  private let training: Bool
  private var losses: (of: Loss, heads: [DiceCrossEntropy])?

  /// - Parameters:
  ///   - training: Whether `backward` will be called. Inference needs a fraction of the memory.
  ///   - precision: Of activations and convolutions.
  ///   - seed: Of the initial weights of a training: Kaiming normal for a leaky slope of 0.01, biases zero, as nnU-Net's.
  /// - Throws: `InputError` when the architecture or the patch is unusable, or the precision not to be had here; `OneDNNError`.
  public init(
    _ architecture: Architecture, patch: [Int], batchSize: Int, training: Bool, engine: Engine = .auto,
    precision: Precision = .float32, seed: UInt64 = 1
  ) throws {
    try architecture.validate()
    try architecture.validate(patch: patch)
    guard 1...1024 ~= batchSize else {
      throw InputError("batch size", found: "\(batchSize)", expected: "1 to 1024")
    }
    self.architecture = architecture
    self.patch = patch
    self.batchSize = batchSize
    let a = architecture
    let stages = a.features.count
    input = Tensor([batchSize] + patch + [a.inputChannels])

    images = precision == .float32 ? input : Tensor(input.shape, precision)
    self.training = training

    let workspace = Workspace(
      engine: engine, precision: precision, training: training, largest: batchSize * a.largestFeatures(patch: patch))
    let encoder = try Encoder(a, input: KeptFeatures(images), workspace: workspace)
    var current: any Features = encoder.stages.last!.last!
    var decoder: [DecoderStage] = []
    for stage in 0..<stages - 1 {
      let level = stages - 2 - stage
      let made = try DecoderStage(
        stage, architecture: a, batch: batchSize, coarse: current, coarseExtent: encoder.extents[level + 1],
        extent: encoder.extents[level], workspace: workspace)
      decoder.append(made)
      current = made.features
    }
    self.encoder = encoder.stages
    self.decoder = decoder
    outputs = training ? decoder.reversed().map(\.head.logits) : [decoder.last!.head.logits]
    let blocks = encoder.stages.joined() + decoder.flatMap(\.blocks)
    parameters =
      blocks.flatMap(\.parameters) + decoder.flatMap(\.up.parameters)
      + decoder.flatMap { [$0.head.weight, $0.head.bias] }
    buffers = blocks.flatMap(\.buffers)
    // A network for inference is loaded before it is of use.
    if training { Initialization.kaiming(parameters, seed: seed) }
  }

  /// Computes `outputs` from `input`.
  ///
  /// - Parameter inference: Whether batch normalization goes by its running statistics, as it always does in a network
  ///   that is not made for training. `backward` needs a pass that did not.
  public func forward(inference: Bool = false) {
    let inference = inference || !training
    if images !== input { Elementwise.copy(input, to: images) }
    for (level, blocks) in encoder.enumerated() {
      for block in blocks { block.forward(inference: inference) }
      if let stage = decoderStage(level) { Elementwise.copySkip(blocks.last!.output, into: stage.joined) }
    }
    for (i, stage) in decoder.enumerated() {
      stage.forward(inference: inference, logits: outputs.count > 1 || i == decoder.count - 1)
    }
  }

  /// The decoder's stage at a level; `nil` at the coarsest, where it has none.
  private func decoderStage(_ level: Int) -> DecoderStage? {
    level < decoder.count ? decoder[decoder.count - 1 - level] : nil
  }

  private var blocks: [any Block] { encoder.joined() + decoder.flatMap(\.blocks) }

  /// Multiplications and additions of a forward pass's convolutions, by their definition.
  public var forwardOperations: Int {
    blocks.reduce(0) { $0 + $1.operations } + decoder.reduce(0) { $0 + $1.up.operations + $1.head.operations }
  }

  /// After `forward`: each sample's loss, Dice plus cross-entropy over the outputs with the weights of deep
  /// supervision; readies the gradients of `sum_i sampleWeights[i] * loss[i] / N` for `backward`.
  ///
  /// - Parameters:
  ///   - labels: (N, z, y, x) at full resolution, label values as they are in the images, regions or not.
  ///   - sampleWeights: 1 for all when absent.
  /// - Throws: `InputError` when a label is none the loss is made for.
  public func computeLoss(_ loss: Loss, labels: [Int16], sampleWeights: [Float]? = nil) throws -> [Float] {
    let targets = outputs.map {
      DeepSupervision.downsample(labels, batch: batchSize, from: patch, to: Array($0.shape[1...3]))
    }
    return try computeLoss(loss, targets: targets, sampleWeights: sampleWeights)
  }

  /// The same with the labels of each output given: (N, z, y, x) at its resolution.
  public func computeLoss(_ loss: Loss, targets: [[Int16]], sampleWeights: [Float]? = nil) throws -> [Float] {
    try check(loss, targets)
    if losses?.of != loss {
      losses = (
        loss,
        outputs.map {
          DiceCrossEntropy(
            loss, batch: batchSize, voxels: $0.shape[1...3].reduce(1, *), channels: architecture.outputChannels)
        }
      )
    }
    let heads = Array(decoder.reversed())
    var sums = [Double](repeating: 0, count: batchSize)
    for (i, weight) in DeepSupervision.weights(outputs: outputs.count).enumerated() where weight > 0 {
      let factors = (0..<batchSize).map { weight * Double(sampleWeights?[$0] ?? 1) / Double(batchSize) }
      let part = losses!.heads[i](
        logits: outputs[i], labels: targets[i], factors: factors, gradient: heads[i].head.gradient)
      for n in 0..<batchSize { sums[n] += weight * part[n] }
    }
    return sums.map { Float($0) }
  }

  private func check(_ loss: Loss, _ targets: [[Int16]]) throws {
    if case .regions(let regions) = loss.target, regions.count != architecture.outputChannels {
      throw InputError(
        "loss", found: "\(regions.count) regions", expected: "\(architecture.outputChannels), the network's outputs")
    }
    let known = loss.labels(channels: architecture.outputChannels)
    for (labels, output) in zip(targets, outputs) {
      precondition(labels.count == output.shape[0...3].reduce(1, *), "labels do not fill the batch")
      if let odd = labels.first(where: { !known.contains(Int($0)) && Int($0) != loss.ignoreLabel }) {
        throw InputError(
          "labels", found: "label \(odd)", expected: "0 to \(known.upperBound), which the network knows")
      }
    }
  }

  /// After `computeLoss`: fills the gradients of all parameters.
  ///
  /// A head whose deep-supervision weight is 0 takes no part and keeps its weights, as in nnU-Net.
  public func backward() {
    precondition(training, "the network was made for inference")
    let weights = DeepSupervision.weights(outputs: outputs.count)
    for (stage, weight) in zip(decoder.reversed(), weights) { stage.backward(usesHead: weight > 0) }
    // The coarsest decoder stage has left the gradient by the coarsest features.
    var gradient = decoder[0].coarseGradient
    for level in encoder.indices.reversed() {
      if let stage = decoderStage(level) { Elementwise.addSkip(stage.joined, to: gradient) }
      for (i, block) in encoder[level].enumerated().reversed() {
        let inputGradient: Tensor? =
          if level == 0, i == 0 {
            nil
          } else if i > 0 || block.keepsShape {
            block.reusableBuffer
          } else {
            // Of the finer level's features, whose decoder stage is done with its memory.
            decoderStage(level - 1)?.blocks[0].reusableBuffer
          }
        block.backward(gradient, inputGradient: inputGradient)
        if let inputGradient { gradient = inputGradient }
      }
    }
  }
}

extension Network {
  /// Weights under nnU-Net's names (each once), in PyTorch's layout.
  public func weights() -> [Safetensors.Tensor] {
    (parameters + buffers).map { Safetensors.Tensor($0.name, shape: $0.fileShape, floats: $0.inFileOrder($0.value)) }
  }

  /// Takes weights over from a file of nnU-Net's names; the duplicates nnU-Net writes are passed over.
  ///
  /// - Parameter heads: Whether the heads are taken over too. For fine-tuning nnU-Net leaves them as they are: the
  ///   file's may be of other classes.
  /// - Throws: `InputError` when the file is of another architecture: a weight that is missing, of another shape, not
  ///   finite, or one the network has no place for. The network is left as it was.
  public func load(_ weights: Safetensors, heads: Bool = true) throws {
    let advice = "Use the plan that the weights were trained with."
    let headPrefix = "decoder.seg_layers."
    let parameters = (parameters + buffers).filter { heads || !$0.name.hasPrefix(headPrefix) }
    let values = try parameters.map { parameter -> [Float] in
      guard let entry = weights.entries[parameter.name] else {
        throw InputError(
          weights.url.path, found: "no weight \(parameter.name)", expected: "one of shape \(parameter.fileShape)",
          advice: advice)
      }
      guard entry.shape == parameter.fileShape else {
        throw InputError(
          weights.url.path, found: "\(parameter.name) of shape \(entry.shape)",
          expected: "shape \(parameter.fileShape)",
          advice: advice)
      }
      let elements = try weights.floats(parameter.name)
      guard elements.allSatisfy(\.isFinite) else {
        throw InputError(weights.url.path, found: "NaN or infinity in \(parameter.name)", expected: "finite weights")
      }
      return parameter.fromFileOrder(elements)
    }
    let names = Set(parameters.map(\.name))
    let layers = ["encoder.", "decoder.stages.", "decoder.transpconvs."] + (heads ? [headPrefix] : [])
    let foreign = weights.entries.keys.sorted().first { name in
      layers.contains(where: name.hasPrefix) && !name.contains(".all_modules.") && !names.contains(name)
    }
    if let foreign {
      throw InputError(
        weights.url.path, found: "a weight \(foreign)", expected: "no more than the plan's network has", advice: advice)
    }
    for (parameter, elements) in zip(parameters, values) {
      parameter.value.withUnsafeMutableBufferPointer { _ = $0.update(from: elements) }
    }
    for block in blocks { block.weightsDidChange() }
  }
}
