import Datasets
import Files
import Foundation
import Plans
import Tensors
import Testing
import UNet

@testable import Training

/// Protects the weights that are learned from clean cases: their rule, what they do to a training, and exact
/// resumption.
@Suite struct ReweightingTests {
  /// Ren et al.: max(0, u) divided by the sum, for a step that minimizes the sum of weight · loss; ours has a mean.
  @Test func weightsOfABatch() {
    #expect(Reweighting.batchWeights([3, -5, 1, 0]) == [3, 0, 1, 0])
    #expect(Reweighting.batchWeights([-1, 0]) == [0, 0])
  }

  /// Cases on which training helps the clean ones get larger weights, and the others none.
  @Test func weightsOfCases() {
    var state = Reweighting.State(sums: [0, 0, 0, 0], counts: [0, 0, 0, 0])
    state.record([2, -2], for: [0, 1], decay: 0.5)
    #expect(state.scale == 2)
    #expect(state.weights(of: [0, 1, 3]) == [2, 0, 1])
    // The scale moves by a twentieth towards the mean of 3 and 1; averages by half, and start with their first value.
    state.record([3, 1], for: [0, 2], decay: 0.5)
    let scale = 0.95 * 2 + 0.05 * 2
    #expect(state.scale == scale)
    let values = [(0.5 * 1 + 3 / scale) / 1.5, 0, 1 / scale]
    let mean = values.reduce(0, +) / 3
    for (weight, value) in zip(state.weights(of: [0, 1, 2]), values) { #expect(abs(weight - value / mean) < 1e-12) }
  }

  @Test func theTeacherKnowsItsGradient() {
    var teacher = WeightTeacher(inputs: 3, units: 4, seed: 5)
    let x = [0.3, -1, 0.7]
    #expect(teacher.weight(x) == 1)
    for step in 0..<5 { teacher.ascend(teacher.parameters.indices.map { sin(Double($0 + step)) }, rate: 0.3) }
    #expect(teacher.isConsistent)
    for (index, derivative) in teacher.gradient(x).enumerated() {
      let (above, below) = (teacher.moved(index, by: 1e-5).weight(x), teacher.moved(index, by: -1e-5).weight(x))
      #expect(abs((above - below) / 2e-5 - derivative) < 1e-8)
    }
  }

  /// Adam's first step is the learning rate long in each parameter, whatever the size of the gradient.
  @Test func theTeacherAscends() {
    var teacher = WeightTeacher(inputs: 1, units: 1, seed: 1)
    let before = teacher.parameters
    teacher.ascend([1e-9, -1e6, 2, 0], rate: 0.1)
    for (change, expected) in zip(zip(teacher.parameters, before).map(-), [0.1, -0.1, 0.1, 0]) {
      #expect(abs(change - expected) < 1e-9)
    }
  }

  private func tiny(_ change: (inout TrainingSettings) -> Void) throws -> TinyTraining {
    let tiny = try TinyTraining()
    change(&tiny.settings)
    return tiny
  }

  private func trainer(_ tiny: TinyTraining, _ model: String, resumes: Bool = false) throws -> Trainer {
    var task = try tiny.task(model, resumes: resumes)
    task.cleanCases = ["case_0", "case_2"]
    return try Trainer(task, progress: .silent)
  }

  /// What a run that was interrupted in the middle of an epoch does afterwards is what it would have done.
  @Test(arguments: ["reweight", "draws", "interactions"]) func resumingChangesNothing(method: String) throws {
    let tiny = try tiny {
      if method == "interactions" {
        $0.interactions = InteractionSettings()
        $0.interactions?.learningRate = 0.1
      } else {
        var settings = ReweightSettings()
        (settings.memory, settings.draws) = (method == "draws" ? 0.5 : 0, method == "draws")
        $0.reweight = settings
      }
    }
    #expect(try trainer(tiny, "whole").run() == .finished)
    var steps = 0
    let stopped = try trainer(tiny, "parts").run {
      steps += 1
      return steps == 7
    }
    #expect(stopped == .stopped)
    #expect(try trainer(tiny, "parts", resumes: true).run() == .finished)
    #expect(try tiny.weights("whole") == tiny.weights("parts"))
    #expect(try tiny.samplerRows("whole") == tiny.samplerRows("parts"))
    let column = method == "interactions" ? "interaction_weight_oval" : "case_weight_oval"
    let log = try CSV.rows(contentsOf: ModelFolder(tiny.folder.appendingPathComponent("whole")).log).map(\.cells)
    let index = try #require(log[0].firstIndex(of: column))
    #expect(log.dropFirst().contains { Double($0[index]).map { $0 != 1 } ?? false })
    // It is not the training without the method.
    tiny.settings.reweight = nil
    tiny.settings.interactions = nil
    _ = try trainer(tiny, "plain").run()
    #expect(try tiny.weights("plain") != tiny.weights("whole"))
  }

  @Test func whatIsMissingIsNamed() throws {
    let tiny = try tiny { $0.reweight = ReweightSettings() }
    func expectRefusal(_ word: String, _ change: (inout TrainingTask) -> Void) {
      let error = #expect(throws: InputError.self) {
        var task = try tiny.task("model")
        task.cleanCases = ["case_0"]
        change(&task)
        return try Trainer(task, progress: .silent)
      }
      #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }
    expectRefusal("training.clean_cases") { $0.cleanCases = [] }
    // Whether this processor has bfloat16 or not.
    expectRefusal("bfloat16") { $0.precision = .bfloat16 }
    expectRefusal("Only one of them") {
      $0.plan.training.reweight?.memory = 0.5
      $0.plan.training.reweight?.draws = true
      $0.plan.training.sampler.name = .hardness
    }
  }

  /// A run goes on with its own clean cases only.
  @Test func aResumedRunHasTheSameCleanCases() throws {
    let tiny = try tiny { $0.reweight = ReweightSettings() }
    _ = try trainer(tiny, "model").run { true }
    var task = try tiny.task("model", resumes: true)
    task.cleanCases = ["case_0", "case_1"]
    let error = #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
    #expect(error?.found == "a run with 2 other clean cases")
    _ = try trainer(tiny, "model", resumes: true)
  }

  /// A checkpoint whose state is no state of these cases is refused.
  @Test func impossibleStatesAreRefused() throws {
    let tiny = try tiny { $0.reweight = ReweightSettings() }
    let meta = MetaGradient(
      try Network(
        tiny.plan.configuration.architecture(inputChannels: 1, outputChannels: 2), patch: [12, 12, 12], batchSize: 2,
        training: true)
    ) { _ in throw InputError("", found: "", expected: "") }
    var method = Reweighting(ReweightSettings(), meta: meta, groups: ["a", "b"])
    let file = tiny.folder
    try method.restore(Reweighting.State(sums: [1, -2], counts: [1, 0]), from: file)
    for state in [
      Reweighting.State(sums: [1], counts: [1]), Reweighting.State(sums: [.nan, 0], counts: [1, 1]),
      Reweighting.State(sums: [0, 0], counts: [-1, 1]), Reweighting.State(sums: [0, 0], counts: [1, 1], scale: -1),
    ] {
      #expect(throws: InputError.self) { try method.restore(state, from: file) }
    }
  }
}

extension WeightTeacher {
  /// The network with one of its parameters moved.
  fileprivate func moved(_ index: Int, by distance: Double) -> WeightTeacher {
    var teacher = self
    teacher.parameters[index] += distance
    return teacher
  }
}
