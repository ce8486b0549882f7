import Files
import Foundation
import Plans
import Statistics
import TensorFiles
import Testing
import UNet

@testable import Training

/// Protects robust losses in a training: what is logged, how the parameter is learned, and exact resumption.
struct RobustLossTests {
  private typealias Kind = RobustCrossEntropy.Kind

  /// A smooth network, a batch, and another with labels that are right.
  private struct Setting {
    let network: Network
    let loss = Loss(batchDice: false)
    let clean: Batch
    let images: [Float]
    let labels: [Int16]

    /// - Parameter outputs: The number of the network's outputs, of which the coarsest has no weight.
    init(outputs: Int = 3) throws {
      let architecture = Architecture(
        inputChannels: 1, outputChannels: 3, features: [3] + Array(repeating: 4, count: outputs),
        kernels: Array(repeating: [3, 3, 3], count: outputs + 1),
        strides: [[1, 1, 1], [2, 2, 2]] + Array(repeating: [1, 1, 1], count: outputs - 1),
        convolutionsPerStage: Array(repeating: 1, count: outputs + 1),
        convolutionsPerDecoderStage: Array(repeating: 1, count: outputs), activation: .silu)
      network = try Network(architecture, patch: [8, 8, 8], batchSize: 2, training: true, seed: 3)
      func batch(_ seed: UInt64, noise: Double) -> Batch {
        var random = CounterRandom(seed: seed)
        let images = (0..<1024).map { _ in Float(random.normals().0) }
        let labels = images.map { value -> Int16 in
          random.uniform() < noise ? Int16(random.integer(0, 2)) : value > 1 ? 2 : value > 0 ? 1 : 0
        }
        return Batch(images: images, labels: labels, cases: [0, 1], showsForeground: [true, true], probabilities: nil)
      }
      clean = batch(1, noise: 0)
      let noisy = batch(2, noise: 0.4)
      (images, labels) = (noisy.images, noisy.labels)
    }

    /// The step of the noisy batch with its number, before the forward pass.
    func step(_ iteration: Int = 0) -> TrainingStep {
      TrainingStep(
        network: network, loss: loss, iteration: iteration, cases: [0, 1], images: images, labels: labels,
        weights: [1, 0.5])
    }

    func method(_ settings: RobustLossSettings) -> RobustLoss {
      let clean = clean
      return RobustLoss(settings, network: network, loss: loss, meta: MetaGradient(network) { _ in clean })
    }

    /// The loss of the clean batch at full resolution, in double precision: both patches show all classes.
    func cleanLoss() throws -> Double {
      network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: clean.images) }
      network.forward()
      _ = try network.computeLoss(loss, labels: clean.labels)
      return network.patchHardness.reduce(0) { $0 + $1.balanced } / 2
    }

    /// Does a step of a method as the trainer does, without the change of the weights.
    func run(_ method: inout RobustLoss, _ iteration: Int = 0) throws {
      var step = step(iteration)
      try method.prepare(&step)
      step.forward(step.images)
      try step.computeLoss(weights: step.weights)
      try method.weigh(&step)
      try method.change(step)
    }
  }

  private func adaptive(_ kind: Kind, _ parameter: Double? = nil) -> RobustLossSettings {
    var settings = RobustLossSettings(kind)
    settings.adaptive = true
    if let parameter { settings.parameter = parameter }
    return settings
  }

  /// The product that η follows is how the clean loss falls after real steps with a larger and a smaller η, per unit of
  /// η and of the learning rate.
  @Test(arguments: Kind.allCases) func theProductIsTheDerivativeOfTheCleanLoss(kind: RobustCrossEntropy.Kind) throws {
    let setting = try Setting(outputs: 2)
    let network = setting.network
    let robust = RobustCrossEntropy(kind, network: network, loss: setting.loss)
    // No voxel is beyond the polynomial loss's λ, where η does not act smoothly.
    let center = kind.unconstrained(kind == .polynomial ? 20 : RobustLossSettings(kind).parameter)
    let optimizer = SGD(network, momentum: 0, nesterov: false, weightDecay: 0, clip: 1e9)
    let kept = network.parameters.map(\.value.elements)
    func cleanLoss(after rate: Float, _ unconstrained: Double) throws -> Double {
      var step = setting.step()
      step.forward(step.images)
      try step.computeLoss(weights: step.weights)
      robust.replaceCrossEntropy(
        labels: step.labels, factors: [0.5, 0.25], parameter: kind.parameter(unconstrained))
      network.backward()
      _ = optimizer.step(learningRate: rate)
      let loss = try setting.cleanLoss()
      for (parameter, kept) in zip(network.parameters, kept) {
        parameter.value.withUnsafeMutableBufferPointer { _ = $0.update(from: kept) }
      }
      return loss
    }
    // Steps in both directions, so that only odd powers of the learning rate are left.
    func slope(_ delta: Double, _ rate: Double) throws -> Double {
      func difference(_ rate: Double) throws -> Double {
        try cleanLoss(after: Float(rate), center + delta) - cleanLoss(after: Float(rate), center - delta)
      }
      return try (difference(rate) - difference(-rate)) / (4 * rate * delta)
    }
    let clean = setting.clean
    let meta = MetaGradient(network) { _ in clean }
    var step = setting.step()
    try meta.prepare(step)
    step.forward(step.images)
    try step.computeLoss(weights: step.weights)
    robust.setDerivative(labels: step.labels, factors: [0.5, 0.25], parameter: kind.parameter(center))
    let product = try #require(meta.product())
    // The error of a difference is that of the doubled one, by the square of its width.
    let found = try -(4 * slope(0.1, 0.02) - slope(0.2, 0.02)) / 3
    #expect(abs(found - product) < 1e-3 * abs(product), "\(found) instead of \(product)")
  }

  /// The first step of η is that of the learning rate in the direction of the product, η is kept when the step has been
  /// done and not before, and the gradient of the step is the loss's with the new parameter.
  @Test(arguments: Kind.allCases) func oneStep(kind: RobustCrossEntropy.Kind) throws {
    let setting = try Setting()
    var settings = adaptive(kind)
    settings.learningRate = 0.25
    var method = setting.method(settings)
    let start = method.state
    let before = try #require(start.learned?.value)
    try setting.run(&method)
    let gradients = setting.network.logitGradients.map(\.elements)
    #expect(method.state == start)
    method.stepDone()
    let learned = try #require(method.state.learned?.value)
    #expect(abs(abs(learned - before) - 0.25) < 1e-6)

    let clean = setting.clean
    let meta = MetaGradient(setting.network) { _ in clean }
    var step = setting.step()
    try meta.prepare(step)
    step.forward(step.images)
    let robust = RobustCrossEntropy(kind, network: setting.network, loss: setting.loss)
    try step.computeLoss(weights: step.weights)
    robust.setDerivative(labels: step.labels, factors: [0.5, 0.25], parameter: settings.parameter)
    let product = try #require(meta.product())
    #expect((product > 0) == (learned > before))
    try step.computeLoss(weights: step.weights)
    let losses = robust.replaceCrossEntropy(
      labels: step.labels, factors: [0.5, 0.25], parameter: kind.parameter(learned))
    #expect(setting.network.logitGradients.map(\.elements) == gradients)
    let values = method.endEpoch()
    #expect(values == ["robust_loss": (losses[0] + losses[1]) / 2, "robust_parameter": kind.parameter(learned)])
    #expect(method.endEpoch()["robust_loss"] == nil)
  }

  /// η goes on exactly from a stored state, and a state that cannot be is refused.
  @Test func aStateGoesOn() throws {
    let setting = try Setting()
    let file = URL(fileURLWithPath: "checkpoint")
    var whole = setting.method(adaptive(.generalized))
    var resumed = whole
    for iteration in 0..<4 {
      if iteration == 2 {
        resumed = setting.method(adaptive(.generalized))
        try resumed.restore(
          JSONDecoder().decode(RobustLoss.State.self, from: JSONEncoder().encode(whole.state)), from: file)
      }
      try setting.run(&whole, iteration)
      whole.stepDone()
      if iteration >= 2 {
        try setting.run(&resumed, iteration)
        resumed.stepDone()
      }
    }
    #expect(resumed.state == whole.state)
    #expect(whole.state.steps == 4)

    let text = String(decoding: try JSONEncoder().encode(whole.state), as: UTF8.self)
    for (pattern, replacement) in [
      (#""value":[-.0-9e]+"#, #""value":7"#), (#""steps":4"#, #""steps":-1"#), (#""square":\["#, #""square":[-"#),
      (#""updates":4"#, #""updates":-1"#), (#""learned":"#, #""other":"#),
    ] {
      let damaged = text.replacing(try Regex(pattern)) { _ in replacement }
      #expect(damaged != text)
      let state = try JSONDecoder().decode(RobustLoss.State.self, from: Data(damaged.utf8))
      #expect(throws: InputError.self, "\(damaged)") { try resumed.restore(state, from: file) }
    }
  }

  /// A learned number moves with the sign of its gradients whatever their scale, stays within its bound, turns back
  /// there, and does not move without a gradient.
  @Test func aLearnedParameterHasNoScale() {
    for scale in [1e-9, 1, 1e9] {
      var number = LearnedParameter(0)
      number.follow(0, rate: 0.1, bound: 6)
      #expect(number.value == 0)
      for _ in 0..<100 { number.follow(scale, rate: 0.1, bound: 6) }
      #expect(number.value == 6 && number.isConsistent(bound: 6))
      for _ in 0..<100 { number.follow(-scale, rate: 0.1, bound: 6) }
      #expect(number.value < 0)
    }
  }

  private func tiny(_ settings: RobustLossSettings) throws -> TinyTraining {
    let tiny = try TinyTraining()
    tiny.settings.robustLoss = settings
    return tiny
  }

  /// A run with a fixed parameter that is stopped and resumed is the same, and its log has the loss. The samplers and
  /// `train_loss` keep the ordinary loss.
  @Test(arguments: Kind.allCases) func resumingChangesNothing(kind: RobustCrossEntropy.Kind) throws {
    let tiny = try tiny(RobustLossSettings(kind))
    let whole = try tiny.trainer("whole")
    _ = try whole.run()
    var calls = 0
    let outcome = try tiny.trainer("stopped").run {
      calls += 1
      return calls == 4
    }
    #expect(outcome == .stopped)
    let resumed = try tiny.trainer("stopped", resumes: true)
    #expect(try resumed.run() == .finished)
    #expect(try tiny.weights("stopped", "checkpoint_latest") == tiny.weights("whole", "checkpoint_latest"))
    #expect(resumed.history.map(\.methods) == whole.history.map(\.methods))
    #expect(Array((whole.history[1].methods ?? [:]).keys) == ["robust_loss"])

    tiny.settings.robustLoss = nil
    let plain = try tiny.trainer("plain")
    _ = try plain.run()
    #expect(try tiny.weights("plain") != tiny.weights("whole"))
    let (first, other) = (plain.history[0].trainingLoss, whole.history[0].trainingLoss)
    #expect(abs(first - other) < 0.2 * abs(first))
  }

  /// With the least q, a training is nearly that with the cross-entropy; with the share 0 it is that, to the bit.
  @Test func theCrossEntropyIsACase() throws {
    var settings = RobustLossSettings(.generalized)
    settings.parameter = 0.001
    let tiny = try tiny(settings)
    let near = try tiny.trainer("near")
    _ = try near.run()
    tiny.settings.robustLoss = RobustLossSettings(.symmetric)
    tiny.settings.robustLoss?.parameter = 0
    _ = try tiny.trainer("same").run()
    tiny.settings.robustLoss = nil
    let plain = try tiny.trainer("plain")
    _ = try plain.run()
    #expect(try tiny.weights("same") == tiny.weights("plain"))
    tiny.settings.robustLoss = RobustLossSettings(.generalized)
    let far = try tiny.trainer("far")
    _ = try far.run()
    let (target, robust) = (plain.history[0].trainingLoss, far.history[0].trainingLoss)
    let distance = abs(near.history[0].trainingLoss - target)
    #expect(distance > 0 && distance < 0.05 * abs(robust - target))
  }

  /// A parameter is learned on clean cases alone.
  @Test func cleanCasesAreNeeded() throws {
    let tiny = try tiny(adaptive(.polynomial))
    let error = #expect(throws: InputError.self) { try tiny.trainer("model") }
    #expect(error?.description.contains("training.clean_cases") == true)
  }
}
