import Files
import Foundation
import Perturbations
import Plans
import Statistics
import TensorFiles
import Testing
import UNet

@testable import Training

/// Protects adversarial training: what the ascent and the worst of several draws find, how many samples are perturbed,
/// and exact resumption.
struct AdversarialTests {
  /// A network that has learned for some steps, unless told otherwise, with a batch of two balls. Its weights stay.
  private final class Frozen {
    let network: Network
    let images: [Float]
    let labels: [Int16]

    init(isTrained: Bool = true) throws {
      let tiny = try TinyTraining()
      network = try Network(
        tiny.plan.configuration.architecture(inputChannels: 1, outputChannels: 2), patch: [12, 12, 12], batchSize: 2,
        training: true)
      if isTrained {
        (tiny.settings.epochs, tiny.settings.iterationsPerEpoch) = (2, 15)
        _ = try tiny.trainer("model").run()
        let file = tiny.folder.appendingPathComponent("model/checkpoint_final.safetensors")
        try network.load(Safetensors(contentsOf: file))
      }
      var random = CounterRandom(seed: 3)
      labels = (0..<2 * 1728).map { voxel in
        let place = [voxel / 144 % 12, voxel / 12 % 12, voxel % 12].map { $0 - (voxel < 1728 ? 5 : 6) }
        return place.reduce(0) { $0 + $1 * $1 } < 20 ? 1 : 0
      }
      images = labels.map { Float($0) - 0.2 + 0.3 * random.normals().0 }
    }

    func step(_ iteration: Int) -> TrainingStep {
      TrainingStep(
        network: network, loss: Loss(batchDice: false), iteration: iteration, cases: [2, 0], images: images,
        labels: labels)
    }

    /// Prepares a step by a method and passes it through the network, and leaves the weights.
    func take(_ method: inout Adversarial, _ iteration: Int) throws -> TrainingStep {
      var step = step(iteration)
      try method.prepare(&step)
      step.forward(step.images)
      step.losses = try step.computeLoss(weights: step.weights).map(Double.init)
      method.weigh(&step)
      method.stepDone()
      return step
    }

    /// The losses of the first sample after perturbations.
    func losses(_ perturbations: [DrawnPerturbation]) throws -> [Double] {
      let patch = NormalizedPatch(images[..<1728], shape: [12, 12, 12], spacing: [1, 1, 1])
      return try step(0).losses(of: perturbations.map { Trial(position: 0, patch: patch, perturbation: $0) })
    }
  }

  private func adversary(_ change: (inout AdversarialSettings) -> Void) -> Adversarial {
    var settings = AdversarialSettings()
    change(&settings)
    return Adversarial(settings, caseCount: 4, spacing: [1, 1, 1], seed: 1)
  }

  /// On frozen weights, the loss rises from where the ascent began, above what random perturbations do, and the
  /// parameters stay within their bounds.
  @Test(arguments: [AdversarialSettings.Kind.bias, .contrast]) func theAscentRaisesTheLoss(
    kind: AdversarialSettings.Kind
  ) throws {
    let frozen = try Frozen()
    func losses(steps: Int, _ method: inout Adversarial) throws -> [Double] {
      try (0..<steps).map { try frozen.take(&method, $0).losses.reduce(0, +) / 2 }
    }
    var ascent = adversary { ($0.kinds, $0.share) = ([kind], 1) }
    var random = adversary { ($0.kinds, $0.share, $0.mode, $0.tries) = ([kind], 1, .worstOf, 1) }
    let climbed = try losses(steps: 40, &ascent)
    let drawn = try losses(steps: 40, &random)
    let last = climbed.suffix(10).reduce(0, +) / 10
    #expect(last > climbed[0], "\(climbed)")
    #expect(last > drawn.reduce(0, +) / 40, "\(climbed) \(drawn)")
    let kept = try #require(ascent.state.directions[kind.rawValue])
    #expect(Set(kept.keys) == [0, 2] && kept.values.joined().allSatisfy { abs($0) <= 1 })
    #expect((ascent.endEpoch()["adversarial_gain"] ?? 0) > 0)
  }

  /// Averaged over the random signs, a step points along the gradient by central differences.
  @Test func stepsFollowTheGradientOnAverage() throws {
    let frozen = try Frozen()
    let set = PerturbationSet(.bias, severity: 0.5)
    let start = [0.1, -0.2, 0.3, 0.1, -0.3, 0.2]
    let gradient = try start.indices.map { index in
      let losses = try frozen.losses(
        [0.05, -0.05].map { distance in
          var vector = start
          vector[index] += distance
          return DrawnPerturbation(set, vector: vector, random: CounterRandom(seed: 1))
        })
      return losses[0] - losses[1]
    }
    var random = CounterRandom(seed: 8)
    var sum = start.map { _ in 0.0 }
    for _ in 0..<100 {
      let search = PerturbationSearch.ascent(from: start, in: set, stepSize: 0.2, using: &random)
      let chosen = search.choice(try frozen.losses(search.trials))
      for index in sum.indices { sum[index] += chosen.vector[index] - start[index] }
    }
    let dot = zip(sum, gradient).reduce(0) { $0 + $1.0 * $1.1 }
    func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    #expect(dot > 0.85 * norm(sum) * norm(gradient), "\(sum) \(gradient)")
  }

  /// The sample is changed by the one of its draws whose loss is largest, and the gain is how much larger than their
  /// mean. Trials that share forward passes with others have the losses that they have alone.
  @Test func theWorstDrawIsTaken() throws {
    let frozen = try Frozen()
    var method = adversary { ($0.kinds, $0.share, $0.mode, $0.tries) = ([.bias, .noise], 1, .worstOf, 5) }
    for iteration in 0..<4 {
      let step = try frozen.take(&method, iteration)
      var random = CounterRandom(seed: 1, iteration: iteration, position: 0, purpose: .adversarial)
      _ = random.chance(1)
      let kind: PerturbationKind = random.integer(0, 1) == 0 ? .bias : .noise
      let search = PerturbationSearch.worst(of: 5, in: PerturbationSet(kind, severity: 0.5), using: &random)
      let losses = try search.trials.map { try frozen.losses([$0])[0] }
      let largest = try #require(losses.max())
      #expect(Set(losses).count == 5 && abs(step.losses[0] - largest) < 1e-5, "\(losses) \(step.losses)")
      #expect(search.choice(losses).vector == search.trials[try #require(losses.firstIndex(of: largest))].vector)
      let gain = method.endEpoch()["adversarial_gain"] ?? 0
      #expect(gain > 0 && gain.isFinite)
    }
    #expect(method.state.directions.isEmpty)
  }

  /// Each sample is perturbed with the probability `share`, and the others stay as they are, bit for bit.
  @Test func theShareOfPerturbedSamples() throws {
    let frozen = try Frozen(isTrained: false)
    var method = adversary { ($0.mode, $0.tries, $0.share) = (.worstOf, 1, 0.3) }
    var changed = 0
    for iteration in 0..<200 {
      var step = frozen.step(iteration)
      try method.prepare(&step)
      for sample in [0..<1728, 1728..<3456] where step.images[sample] != frozen.images[sample] { changed += 1 }
    }
    // Of 400 samples; the standard deviation is 9.
    #expect(abs(changed - 120) < 30)
  }

  /// What a step has found is forgotten when the step is left out.
  @Test func aStepThatIsLeftOutLeavesNoTrace() throws {
    let frozen = try Frozen(isTrained: false)
    var method = adversary { $0.share = 1 }
    var step = frozen.step(0)
    try method.prepare(&step)
    #expect(method.state.directions.isEmpty)
    method.stepDone()
    #expect(!method.state.directions.isEmpty)
  }

  /// Severity 0 and a share of 0 leave the training as it is without the method, to the bit.
  @Test func withoutSeverityNothingChanges() throws {
    let tiny = try TinyTraining()
    _ = try tiny.trainer("plain").run()
    for (name, severity, share) in [("flat", 0.0, 1.0), ("none", 0.5, 0), ("busy", 0.5, 1)] {
      var settings = AdversarialSettings()
      (settings.severity, settings.share) = (severity, share)
      tiny.settings.adversarial = settings
      _ = try tiny.trainer(name).run()
      let isSame = try tiny.weights(name) == tiny.weights("plain")
      #expect(isSame == (name != "busy"))
    }
    let log = try String(contentsOf: tiny.folder.appendingPathComponent("busy/log.csv"), encoding: .utf8)
    #expect(log.contains(",adversarial_gain,adversarial_loss,selection_score,"))
  }

  /// A run that is stopped after any step and resumed is the same, with any sampler.
  @Test(arguments: AdversarialSettings.Mode.allCases, [SamplerSettings.Name.uniform, .hardness])
  func resumingChangesNothing(mode: AdversarialSettings.Mode, sampler: SamplerSettings.Name) throws {
    let tiny = try TinyTraining()
    tiny.settings.adversarial = AdversarialSettings()
    tiny.settings.adversarial?.mode = mode
    tiny.settings.adversarial?.share = 0.8
    // Few kinds, so that cases come back to what they have climbed to.
    tiny.settings.adversarial?.kinds = [.bias, .slices]
    tiny.settings.sampler.name = sampler
    tiny.settings.sampler.hardness.importance = .raw
    let whole = try tiny.trainer("whole")
    _ = try whole.run()
    for stop in [1, 5, 8] {
      let model = "stopped_\(stop)"
      var calls = 0
      let outcome = try tiny.trainer(model).run {
        calls += 1
        return calls == stop
      }
      #expect(outcome == .stopped)
      let resumed = try tiny.trainer(model, resumes: true)
      #expect(try resumed.run() == .finished)
      #expect(try tiny.weights(model, "checkpoint_latest") == tiny.weights("whole", "checkpoint_latest"))
      #expect(resumed.history.map(\.methods) == whole.history.map(\.methods))
    }
    #expect(whole.history.allSatisfy { $0.methods?.count == 2 })
  }

  /// A run goes on with its own settings only, and with a state that can be.
  @Test func aResumedRunHasTheSameSettingsAndASoundState() throws {
    let tiny = try TinyTraining()
    tiny.settings.adversarial = AdversarialSettings()
    tiny.settings.adversarial?.kinds = [.bias]
    tiny.settings.adversarial?.share = 1
    _ = try tiny.trainer("model").run { true }
    tiny.settings.adversarial?.severity = 0.4
    let error = #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true) }
    #expect(error?.description.contains("training.adversarial") == true, "\(String(describing: error))")
    tiny.settings.adversarial?.severity = 0.5
    _ = try tiny.trainer("model", resumes: true)

    let url = tiny.folder.appendingPathComponent("model/checkpoint_latest.safetensors")
    let file = try Safetensors(contentsOf: url)
    let state = try #require(file.metadata["method_state/adversarial"])
    let tensors = try file.entries.map { name, entry in
      Safetensors.Tensor(name, shape: entry.shape, floats: try file.floats(name))
    }
    for (pattern, replacement) in [
      (#""lossSum":[-+.0-9e]+"#, #""lossSum":"nan""#), (#""samples":2"#, #""samples":-1"#),
      (#""samples":2"#, #""samples":1"#), (#""bias""#, #""noise""#), (#""bias""#, #""fog""#),
      (#"\{"[0-3]":\["#, #"{"4":["#), (#"\{"[0-3]":\["#, #"{"1":[1.5,"#), (#""([0-3])":\[[-+.0-9e]+,"#, #""1":["#),
    ] {
      var metadata = file.metadata
      metadata["method_state/adversarial"] = state.replacing(try Regex(pattern)) { _ in replacement }
      #expect(metadata["method_state/adversarial"] != state, "\(pattern) \(state)")
      try Safetensors.write(tensors, metadata: metadata, to: url)
      #expect(throws: InputError.self, "\(pattern)") { try tiny.trainer("model", resumes: true) }
    }
  }
}
