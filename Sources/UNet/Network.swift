import Files
import Foundation
import TensorFiles
import Tensors

/// nnU-Net's plain or residual U-Net for a fixed patch and batch size.
///
/// All buffers are allocated when the network is created. Tensors are (N, z, y, x, channel). Do not
/// call a network from two threads at once.
public final class Network {
  /// The architecture that the network was created with.
  public let architecture: Architecture
  /// The edges of the patch in voxels, (z, y, x).
  public let patch: [Int]
  /// The number of samples in a batch, N.
  public let batchSize: Int
  /// Which part of a larger batch the network's samples are; `nil` when they are the whole.
  public var share: BatchShare?
  /// The number of samples in the whole batch.
  public var wholeBatchSize: Int { share?.batchSize ?? batchSize }
  /// The images, (N, z, y, x, channel). Fill it before ``forward(inference:)``.
  public let input: Tensor
  /// The logits, (N, z, y, x, channel), full resolution first.
  ///
  /// A network for training has logits at the resolution of every decoder stage, a network for
  /// inference at the full one only.
  public let outputs: [Tensor]
  /// The gradients of the loss with respect to ``outputs``, which ``computeLoss(_:labels:sampleWeights:)`` sets and
  /// ``backward()`` propagates. In between, gradients of other terms may be added to those whose loss has a weight.
  public let logitGradients: [Tensor]
  /// All trained parameters: those of the encoder, decoder stages, transposed convolutions and
  /// heads, in this order.
  public let parameters: [Parameter]
  /// What computes the convolutions: a line for each shape, in the order of the network.
  public let convolutions: [String]

  /// What is saved with the parameters but not trained: the running statistics of batch
  /// normalization.
  let buffers: [Parameter]
  private let encoder: [[any Block]]
  private let decoder: [DecoderStage]
  /// The images in the network's precision.
  private let images: Tensor
  private let training: Bool
  /// The loss of the last `computeLoss`, and its implementation for each of `outputs`.
  private var losses: (definition: Loss, terms: [DiceCrossEntropy])?

  /// Creates a network and allocates all its buffers.
  ///
  /// A network for training starts from random weights by nnU-Net's rule: Kaiming normal for a
  /// leaky ReLU of slope 0.01, with biases 0. A network for inference must be loaded before it is
  /// used; see ``load(_:heads:)``.
  ///
  /// - Parameters:
  ///   - architecture: The layers and their sizes.
  ///   - patch: The edges of the patch in voxels, (z, y, x).
  ///   - batchSize: The number of samples in a batch.
  ///   - training: Whether ``backward()`` will be called. A network for inference needs a fraction
  ///     of the memory.
  ///   - engine: What computes the convolutions.
  ///   - precision: The precision of feature maps and convolutions. Weights, logits and losses are
  ///     32-bit floats in any case.
  ///   - seed: The seed of the random weights.
  /// - Throws: `InputError` when the architecture, patch or batch size is invalid or the precision
  ///   is not available; `OneDNNError` when oneDNN cannot compute a convolution.
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
      let decoderStage = try DecoderStage(
        stage, architecture: a, batch: batchSize, coarse: current, coarseExtent: encoder.extents[level + 1],
        extent: encoder.extents[level], workspace: workspace)
      decoder.append(decoderStage)
      current = decoderStage.features
    }
    self.encoder = encoder.stages
    self.decoder = decoder
    outputs = training ? decoder.reversed().map(\.head.logits) : [decoder.last!.head.logits]
    logitGradients = training ? decoder.reversed().map(\.head.gradient) : []
    let blocks = encoder.stages.joined() + decoder.flatMap(\.blocks)
    parameters =
      blocks.flatMap(\.parameters) + decoder.flatMap(\.up.parameters)
      + decoder.flatMap { [$0.head.weight, $0.head.bias] }
    buffers = blocks.flatMap(\.buffers)
    var seen: Set<String> = []
    convolutions = workspace.convolutions.filter { seen.insert($0).inserted }
    workspace.scratch.allocate()
    // A network for inference gets its weights from `load`.
    if training, !TensorMemory.isCounted { Initialization.kaiming(parameters, seed: seed) }
  }

  /// Computes `outputs` from `input`.
  ///
  /// - Parameter inference: Whether batch normalization uses its running statistics. A network for
  ///   inference always uses them. Do not call ``backward()`` after a pass with running statistics.
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

  /// Returns the decoder stage at a level, where 0 is the full resolution; `nil` at the coarsest
  /// level, which has none.
  private func decoderStage(_ level: Int) -> DecoderStage? {
    level < decoder.count ? decoder[decoder.count - 1 - level] : nil
  }

  private var blocks: [any Block] { encoder.joined() + decoder.flatMap(\.blocks) }

  /// The coarsest features of each sample, averaged over its voxels: (N, channel). Call it after
  /// ``forward(inference:)`` of a network for training.
  public func pooledBottleneck() -> [[Float]] {
    let bottleneck = encoder.last!.last!
    bottleneck.recompute()
    let (features, channels) = (bottleneck.output.elements, bottleneck.output.shape[4])
    let voxels = features.count / (batchSize * channels)
    return (0..<batchSize).map { n in
      (0..<channels).map { c in
        (0..<voxels).reduce(0) { $0 + features[(n * voxels + $1) * channels + c] } / Float(voxels)
      }
    }
  }

  /// The number of multiplications and additions in the convolutions of a forward pass.
  ///
  /// Counted by the definition of a convolution, whatever algorithm computes it.
  public var forwardOperations: Int {
    blocks.reduce(0) { $0 + $1.operations } + decoder.reduce(0) { $0 + $1.up.operations + $1.head.operations }
  }

  /// Computes the loss of each sample and prepares ``backward()``. Call it after
  /// ``forward(inference:)``.
  ///
  /// A sample's loss is the sum of its losses at all ``outputs``, weighted by
  /// ``DeepSupervision/weights(outputs:)``. The gradient that ``backward()`` propagates is that of
  /// the batch's loss, `sum_i sampleWeights[i] * loss[i] / N`.
  ///
  /// With a ``share``, weights and losses are those of all samples of the whole batch, and the gradient is that of its
  /// loss with respect to the logits of the own samples.
  ///
  /// - Parameters:
  ///   - loss: The definition of the loss.
  ///   - labels: The label values of the images, (N, z, y, x) at full resolution, for classes and
  ///     regions alike.
  ///   - sampleWeights: The weight of each sample; 1 for all when `nil`.
  /// - Returns: The loss of each sample, without its weight.
  /// - Throws: `InputError` when a label is unknown to the loss, or the loss has another number of
  ///   regions than the network has output channels.
  public func computeLoss(_ loss: Loss, labels: [Int16], sampleWeights: [Float]? = nil) throws -> [Float] {
    let targets = outputs.map {
      DeepSupervision.downsample(labels, batch: batchSize, from: patch, to: Array($0.shape[1...3]))
    }
    return try computeLoss(loss, targets: targets, sampleWeights: sampleWeights)
  }

  /// Computes the loss of each sample from labels at the resolution of each output.
  ///
  /// - Parameters:
  ///   - loss: The definition of the loss.
  ///   - targets: The label values for each of ``outputs``, (N, z, y, x) at its resolution.
  ///   - sampleWeights: The weight of each sample; 1 for all when `nil`.
  /// - Returns: The loss of each sample, without its weight.
  /// - Throws: As ``computeLoss(_:labels:sampleWeights:)``.
  public func computeLoss(_ loss: Loss, targets: [[Int16]], sampleWeights: [Float]? = nil) throws -> [Float] {
    try check(loss, targets)
    if losses?.definition != loss {
      losses = (
        loss,
        outputs.map {
          DiceCrossEntropy(
            loss, batch: batchSize, voxels: $0.shape[1...3].reduce(1, *), channels: architecture.outputChannels)
        }
      )
    }
    let stages = Array(decoder.reversed())
    let weights = DeepSupervision.weights(outputs: outputs.count)
    let used = weights.indices.filter { weights[$0] > 0 }
    let own = share?.positions ?? 0..<batchSize
    var sums = used.map {
      losses!.terms[$0].sums(logits: outputs[$0], labels: targets[$0], probabilities: stages[$0].head.gradient)
    }
    if let share { sums = share.complete(sums) }
    var totals = [Double](repeating: 0, count: wholeBatchSize)
    for (i, sums) in zip(used, sums) {
      let factors = totals.indices.map { weights[i] * Double(sampleWeights?[$0] ?? 1) / Double(totals.count) }
      let terms = losses!.terms[i].losses(
        sums: sums, own: own, labels: targets[i], factors: factors, gradient: stages[i].head.gradient)
      for n in totals.indices { totals[n] += weights[i] * terms[n] }
    }
    return totals.map { Float($0) }
  }

  /// How hard each sample of the whole batch was, apart from its loss. Valid after
  /// ``computeLoss(_:labels:sampleWeights:)``.
  public var patchHardness: [PatchHardness] { losses?.terms[0].patchHardness ?? [] }

  /// - Throws: `InputError` when the loss does not fit the network, or a label does not fit the
  ///   loss.
  private func check(_ loss: Loss, _ targets: [[Int16]]) throws {
    if case .regions(let regions) = loss.target, regions.count != architecture.outputChannels {
      throw InputError(
        "loss", found: "\(regions.count) regions",
        expected: "\(architecture.outputChannels), one for each output channel of the network")
    }
    let known = loss.labels(channels: architecture.outputChannels)
    for (labels, output) in zip(targets, outputs) {
      precondition(labels.count == output.shape[0...3].reduce(1, *), "labels do not fill the batch")
      if let unknownLabel = labels.first(where: { !known.contains(Int($0)) && Int($0) != loss.ignoreLabel }) {
        throw InputError(
          "labels", found: "label \(unknownLabel)", expected: "labels from 0 to \(known.upperBound)")
      }
    }
  }

  /// Sets the gradients of all parameters. Call it after ``computeLoss(_:labels:sampleWeights:)``.
  ///
  /// A head whose deep-supervision weight is 0 gets no gradient and so keeps its weights, as in
  /// nnU-Net.
  ///
  /// - Parameter isSet: Called during the pass with parameters whose gradients are set, until it has been called with
  ///   each parameter once, always in the same order.
  public func backward(isSet: ([Parameter]) -> Void = { _ in }) {
    precondition(training, "the network was created for inference")
    let weights = DeepSupervision.weights(outputs: outputs.count)
    for (stage, weight) in zip(decoder.reversed(), weights) {
      stage.backward(usesHead: weight > 0)
      isSet(stage.parameters)
    }
    // The coarsest decoder stage has computed the gradient with respect to the encoder's coarsest
    // features.
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
            // It has the shape of the finer level's features. The decoder stage of that level no
            // longer needs its buffer.
            decoderStage(level - 1)?.blocks[0].reusableBuffer
          }
        block.backward(gradient, inputGradient: inputGradient)
        isSet(block.parameters)
        if let inputGradient { gradient = inputGradient }
      }
    }
  }
}

extension Network {
  /// Returns the parameters and running statistics under nnU-Net's names, each once, in PyTorch's
  /// layout.
  public func weights() -> [Safetensors.Tensor] {
    (parameters + buffers).map { Safetensors.Tensor($0.name, shape: $0.fileShape, floats: $0.inFileOrder($0.value)) }
  }

  /// Loads the parameters and running statistics from weights under nnU-Net's names.
  ///
  /// nnU-Net writes some weights under several names; the duplicates are ignored.
  ///
  /// - Parameters:
  ///   - weights: The weights, in PyTorch's layout.
  ///   - heads: Whether to load the segmentation heads. For fine-tuning, nnU-Net keeps the initial
  ///     ones, because the weights may have other output channels.
  /// - Throws: `InputError` when the weights belong to another architecture (a weight is missing,
  ///   has another shape, or is unknown to the network) or are not finite. The network is unchanged
  ///   then.
  public func load(_ weights: Safetensors, heads: Bool = true) throws {
    let advice = "Use the plan that the weights were trained with."
    let headPrefix = "decoder.seg_layers."
    let parameters = (parameters + buffers).filter { heads || !$0.name.hasPrefix(headPrefix) }
    let values = try parameters.map { parameter -> [Float] in
      guard let entry = weights.entries[parameter.name] else {
        throw InputError(
          weights.url.path, found: "no weight \(parameter.name)", expected: "a weight of shape \(parameter.fileShape)",
          advice: advice)
      }
      guard entry.shape == parameter.fileShape else {
        throw InputError(
          weights.url.path, found: "\(parameter.name) of shape \(entry.shape)",
          expected: "shape \(parameter.fileShape)", advice: advice)
      }
      let elements = try weights.floats(parameter.name)
      guard elements.allSatisfy(\.isFinite) else {
        throw InputError(weights.url.path, found: "NaN or infinity in \(parameter.name)", expected: "finite weights")
      }
      return parameter.fromFileOrder(elements)
    }
    let names = Set(parameters.map(\.name))
    let layers = ["encoder.", "decoder.stages.", "decoder.transpconvs."] + (heads ? [headPrefix] : [])
    let unknownName = weights.entries.keys.sorted().first { name in
      layers.contains(where: name.hasPrefix) && !name.contains(".all_modules.") && !names.contains(name)
    }
    if let unknownName {
      throw InputError(
        weights.url.path, found: "a weight \(unknownName)", expected: "only weights of the plan's network",
        advice: advice)
    }
    for (parameter, elements) in zip(parameters, values) {
      parameter.value.withUnsafeMutableBufferPointer { _ = $0.update(from: elements) }
    }
    for block in blocks { block.weightsDidChange() }
    for stage in decoder { stage.up.weightsDidChange() }
  }
}
