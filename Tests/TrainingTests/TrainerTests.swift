import Datasets
import Files
import Foundation
import HardnessWeighting
import Plans
import Statistics
import TensorFiles
import Tensors
import Testing
import UNet

@testable import Training

/// Protects the training loop: it learns, is reproducible, can be interrupted at any step, and never loses a model.
struct TrainerTests {
  private func exists(_ tiny: TinyTraining, _ path: String) -> Bool {
    FileManager.default.fileExists(atPath: tiny.folder.appendingPathComponent(path).path)
  }

  /// The loss falls, and the model folder has all its files.
  @Test func learns() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 3
    tiny.settings.iterationsPerEpoch = 12
    let trainer = try tiny.trainer("model")
    #expect(try trainer.run() == .finished)
    let history = trainer.history
    #expect(history.count == 3)
    #expect(history[2].trainingLoss < history[0].trainingLoss - 0.1)
    // The learning rate follows (1 − e / n) ^ 0.9.
    for (epoch, record) in history.enumerated() {
      #expect(abs(record.learningRate - 0.01 * pow(1 - Double(epoch) / 3, 0.9)) < 1e-12)
    }
    for file in ["plans.json", "dataset.json", "checkpoint_final.safetensors", "checkpoint_best.safetensors"] {
      #expect(exists(tiny, "model/\(file)"))
    }
    let log = try String(contentsOf: tiny.folder.appendingPathComponent("model/log.csv"), encoding: .utf8)
    #expect(log.split(separator: "\n").count == 4)
    #expect(log.hasPrefix("epoch,learning_rate,train_loss,validation_loss,pseudo_dice_ball,"))
    // One line for each of the four training cases in each of the three epochs.
    let rows = try tiny.samplerRows("model")
    #expect(rows.map { Int($0[0]) } == (0..<12).map { $0 / 4 })
    #expect(rows.compactMap { Int($0[5]) }.reduce(0, +) == 3 * 12 * 2)
  }

  /// A run that is stopped after any step, in training or in validation, and resumed ends with the same weights,
  /// history and sampler as one that was never stopped.
  @Test(arguments: [SamplerSettings.Name.uniform, .hardness], [false, true]) func resumingChangesNothing(
    sampler: SamplerSettings.Name, estimates: Bool
  ) throws {
    let tiny = try TinyTraining()
    tiny.settings.sampler.name = sampler
    if estimates {
      tiny.settings.sampler.hardness = .estimating()
      tiny.settings.sampler.signal = .balanced
    }
    _ = try tiny.trainer("whole").run()
    let expected = try tiny.weights("whole", "checkpoint_latest")
    let history = try tiny.trainer("whole", resumes: true).history

    for stop in [1, 4, 5, 6, 8] {
      let model = "stopped_\(stop)"
      var calls = 0
      let outcome = try tiny.trainer(model).run {
        calls += 1
        return calls == stop
      }
      #expect(outcome == .stopped)
      let resumed = try tiny.trainer(model, resumes: true)
      #expect(try resumed.run() == .finished)
      #expect(try tiny.weights(model, "checkpoint_latest") == expected)
      #expect(resumed.history.map(\.trainingLoss) == history.map(\.trainingLoss))
      #expect(resumed.history.map(\.validationLoss) == history.map(\.validationLoss))
      #expect(resumed.history.map(\.pseudoDice) == history.map(\.pseudoDice))
      #expect(resumed.history.map(\.effectiveCases) == history.map(\.effectiveCases))
    }
  }

  /// `visits.csv` has every visit: what the patch was made to show, and what the sampler was told.
  @Test func visitsAreRecorded() throws {
    let tiny = try TinyTraining()
    tiny.settings.sampler.name = .hardness
    tiny.settings.sampler.hardness = .estimating()
    tiny.settings.sampler.signal = .dice
    _ = try tiny.trainer("model").run()
    let file = ModelFolder(tiny.folder.appendingPathComponent("model")).visits
    let rows = try CSV.rows(contentsOf: file).map(\.cells)
    #expect(
      rows[0] == [
        "epoch", "step", "case", "position", "shows_foreground", "absent_classes", "loss", "cross_entropy", "soft_dice",
        "signal", "probability", "beta",
      ])
    #expect(rows.count == 1 + tiny.settings.epochs * tiny.settings.iterationsPerEpoch * 2)
    // One of two samples shows foreground, at either position.
    let forced = rows.dropFirst().filter { $0[4] == "1" }
    #expect(forced.count == rows.count / 2)
    #expect(Set(forced.map { $0[3] }) == ["0", "1"])
    #expect(rows.dropFirst().allSatisfy { Double($0[6]) != nil && Double($0[9]) != nil && $0[6] != $0[9] })
  }

  /// With `score_every`, all training cases are predicted as a whole and scored, the sampler keeps the scores,
  /// and a run that is interrupted while it scores goes on to the same weights.
  @Test func wholeCasesAreScored() throws {
    let tiny = try TinyTraining()
    tiny.settings.sampler.name = .hardness
    tiny.settings.sampler.apply(.estimate)
    tiny.settings.sampler.scoreEvery = 2
    tiny.settings.epochs = 4
    _ = try tiny.trainer("whole").run()
    let rows = try tiny.samplerRows("whole")
    #expect(rows[..<4].allSatisfy { $0[8].isEmpty })
    let scores = rows[4..<8].compactMap { Double($0[8]) }
    #expect(scores.count == 4 && scores.allSatisfy { 0...1 ~= $0 } && Set(scores).count > 1)
    #expect(rows[12...].map { $0[8] } != rows[4..<8].map { $0[8] })

    var questions = 0
    let stopped = try tiny.trainer("stopped").run {
      questions += 1
      // Of an epoch's 5 steps and 2 validation batches, then the scoring of the second epoch.
      return questions == 16
    }
    #expect(stopped == .stopped)
    _ = try tiny.trainer("stopped", resumes: true).run()
    #expect(try tiny.weights("stopped") == tiny.weights("whole"))
  }

  /// With `ema`, a moving average of the weights is saved beside the last ones, follows its definition, and is the same
  /// when the run was interrupted. The last weights are those of a training without it.
  @Test func weightsAreAveraged() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 1
    tiny.settings.validationIterations = 0
    tiny.settings.initialLearningRate = 0.1
    _ = try tiny.trainer("plain").run()
    #expect(!ModelFolder(tiny.folder.appendingPathComponent("plain")).has(.ema))
    tiny.settings.ema = 0.9
    _ = try tiny.trainer("one").run()
    #expect(try tiny.weights("one") == tiny.weights("plain"))
    tiny.settings.initialLearningRate = 0
    _ = try tiny.trainer("initial").run()
    let (first, last) = (try tiny.weights("initial"), try tiny.weights("one"))
    for (name, values) in try tiny.weights("one", "checkpoint_ema") {
      let (before, after) = (try #require(first[name]), try #require(last[name]))
      // After one step, 2/11 of the average are the initial weights.
      for index in values.indices {
        #expect(abs(values[index] - (before[index] + 9 / 11 * (after[index] - before[index]))) < 1e-6)
      }
    }

    tiny.settings = TrainingSettings()
    (tiny.settings.epochs, tiny.settings.iterationsPerEpoch, tiny.settings.ema) = (2, 4, 0.9)
    tiny.settings.validationIterations = 0
    _ = try tiny.trainer("whole").run()
    var steps = 0
    let stopped = try tiny.trainer("stopped").run {
      steps += 1
      return steps == 6
    }
    #expect(stopped == .stopped)
    _ = try tiny.trainer("stopped", resumes: true).run()
    #expect(try tiny.weights("stopped", "checkpoint_ema") == tiny.weights("whole", "checkpoint_ema"))
    #expect(try tiny.weights("whole", "checkpoint_ema") != tiny.weights("whole"))
  }

  /// The best epoch can be chosen by a robust score of whole validation cases; the log has the scores and, beside them,
  /// the means.
  @Test func theBestEpochIsChosenByARobustScore() throws {
    let tiny = try TinyTraining()
    (tiny.settings.epochs, tiny.settings.selectBy, tiny.settings.selectEvery) = (5, .percentile, 2)
    tiny.settings.validationIterations = 0
    let trainer = try tiny.trainer("model")
    _ = try trainer.run()
    let scores = trainer.history.map(\.selectionScore)
    #expect(scores.map { $0 != nil } == [false, true, false, true, true])
    #expect(scores.compactMap { $0 }.allSatisfy { 0...1 ~= $0 })
    let best = try #require(scores.indices.max { scores[$0] ?? -1 < scores[$1] ?? -1 })
    let file = try Safetensors(
      contentsOf: tiny.folder.appendingPathComponent("model").appendingPathComponent("checkpoint_best.safetensors"))
    #expect(file.metadata["epoch"] == String(best + 1))

    let rows = try CSV.rows(contentsOf: tiny.folder.appendingPathComponent("model/log.csv")).map(\.cells)
    let column = try #require(rows[0].firstIndex(of: "selection_score"))
    #expect(rows[0][column + 1] == "selection_mean")
    #expect(try #require(Double(rows[2][column])) < #require(Double(rows[2][column + 1])))
    #expect(rows[1][column] + rows[1][column + 1] == "")
    let chart = try String(contentsOf: tiny.folder.appendingPathComponent("model/progress.svg"), encoding: .utf8)
    #expect(chart.contains("mean Dice of whole cases (3 points)"))
    #expect(chart.contains("selection score of whole cases (3 points)"))
    let folder = tiny.folder.appendingPathComponent("model")
    let events = try #require(
      try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        .first { $0.lastPathComponent.hasPrefix("events.") })
    for tag in ["whole cases/mean Dice", "whole cases/selection score"] {
      #expect(try Data(contentsOf: events).range(of: Data(tag.utf8)) != nil)
    }
    // What is chosen does not change the training, so the means are the scores of a run that is chosen by the mean.
    tiny.settings.selectBy = .mean
    let other = try tiny.trainer("mean")
    _ = try other.run()
    #expect(other.history.map(\.selectionScore) == trainer.history.map(\.selectionMean))
    #expect(other.history.map(\.selectionMean) == trainer.history.map(\.selectionMean))
  }

  /// The robust scores are what they say, and cases without Dice do not count.
  @Test func robustScores() throws {
    let dice: [Double?] = [0.9, 0.5, nil, 0.7, 0.8]
    let groups = ["a", "b", "b", "b", nil]
    func score(_ selection: TrainingSettings.Selection) throws -> Double {
      try #require(selection.score(dice, groups: groups))
    }
    #expect(abs(try score(.mean) - 0.725) < 1e-12)
    #expect(abs(try score(.percentile) - 0.56) < 1e-12)
    #expect(abs(try score(.cvar) - 0.5) < 1e-12)
    #expect(abs(try score(.worstGroup) - 0.6) < 1e-12)
    #expect(TrainingSettings.Selection.mean.score([nil], groups: [nil]) == nil)
  }

  /// Estimates begin from an earlier training's losses, or from an evaluation's Dice.
  @Test func caseLossesReachTheEstimates() throws {
    let tiny = try TinyTraining()
    let table = tiny.folder.appendingPathComponent("cases.csv")
    try Data("case,name,Dice\ncase_0,a,0.9\ncase_0,b,0.7\ncase_1,a,0.5\ncase_2,a,\n".utf8).write(to: table)
    #expect(try HardnessScores(table).values(of: tiny.names) == [1 - (0.9 + 0.7) / 2, 0.5, nil, nil, nil, nil])
    tiny.settings.sampler.name = .hardness
    tiny.settings.sampler.apply(.estimate)
    tiny.settings.sampler.caseLosses = table.path
    tiny.settings.epochs = 1
    _ = try tiny.trainer("model").run()
    #expect(try tiny.samplerRows("model").map { $0[8] } == ["0.2", "0.5", "", ""])
    try Data("name,score\n".utf8).write(to: table)
    #expect(throws: InputError.self) { try tiny.trainer("other") }
  }

  /// `visits.csv` has the probability with which each case was drawn: 1/n for uniform draws.
  @Test func probabilitiesOfDrawsAreRecorded() throws {
    let tiny = try TinyTraining()
    _ = try tiny.trainer("model").run()
    let file = ModelFolder(tiny.folder.appendingPathComponent("model")).visits
    #expect(try CSV.rows(contentsOf: file).dropFirst().allSatisfy { $0.cells[10] == "0.25" })
  }

  /// An infinite β, which JSON has no number for, is no obstacle to checkpoints.
  @Test func infiniteBetaIsResumed() throws {
    let tiny = try TinyTraining()
    tiny.settings.sampler.name = .hardness
    tiny.settings.sampler.hardness.beta = .fixed(.infinity)
    _ = try tiny.trainer("whole").run()
    var steps = 0
    let stopped = try tiny.trainer("stopped").run {
      steps += 1
      return steps == 9
    }
    #expect(stopped == .stopped)
    _ = try tiny.trainer("stopped", resumes: true).run()
    #expect(try tiny.weights("stopped") == tiny.weights("whole"))
  }

  /// Different seeds train different networks.
  @Test func theSeedMatters() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    _ = try tiny.trainer("one").run()
    tiny.settings.seed = 2
    _ = try tiny.trainer("other").run()
    #expect(try tiny.weights("one") != tiny.weights("other"))
  }

  /// The hardness-weighted sampler gets every loss: the first sweep draws all cases, and afterwards the case with the
  /// largest loss has the highest probability.
  @Test func lossesReachTheSampler() throws {
    let tiny = try TinyTraining()
    tiny.settings.sampler.name = .hardness
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 4
    _ = try tiny.trainer("model").run()
    let rows = try tiny.samplerRows("model")
    #expect(rows.allSatisfy { Int($0[5]) ?? 0 > 0 })
    #expect(rows.map { $0[2] } == ["round", "round", "oval", "oval"])
    let hardest = rows.max { (Double($0[3]) ?? 0) < (Double($1[3]) ?? 0) }
    let likeliest = rows.max { (Double($0[4]) ?? 0) < (Double($1[4]) ?? 0) }
    #expect(hardest == likeliest)
  }

  /// Counts the calls of `draw` and `record`.
  private struct Spy: CaseSampler {
    final class Events: @unchecked Sendable {
      var drawn = 0
      var recorded = 0
      /// For each draw, the number of steps whose losses were known.
      var knownAtDraw: [Int] = []
    }
    let events: Events
    var caseCount: Int { 4 }
    var probabilities: [Double] { [0.25, 0.25, 0.25, 0.25] }
    init(_ events: Events) { self.events = events }
    init(from decoder: any Decoder) throws { events = Events() }
    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      try container.encode("spy")
    }
    func draw(_ count: Int) -> [Int] {
      events.drawn += 1
      events.knownAtDraw.append(events.recorded)
      return Array(0..<count)
    }
    func record(losses: [Double], for cases: [Int]) -> [Double] {
      events.recorded += 1
      return losses.map { _ in 1 }
    }
    func remapped(_ origins: [Int?]) -> Spy { self }
  }

  /// The losses of step t are in the sampler before the cases of step t + 1 + prefetch are drawn, and those of an epoch
  /// before the first draw of the next.
  @Test(arguments: 0...2) func lossesAreKnownInTime(prefetch: Int) throws {
    let tiny = try TinyTraining()
    tiny.settings.prefetch = prefetch
    let events = Spy.Events()
    _ = try Trainer(try tiny.task("model"), progress: .silent, sampler: Spy(events)).run()
    let steps = tiny.settings.iterationsPerEpoch
    #expect(events.drawn == 2 * steps && events.recorded == 2 * steps)
    let expected = (0..<2 * steps).map { draw in max(draw - prefetch, draw / steps * steps) }
    #expect(events.knownAtDraw == expected)
  }

  /// A sampler that returns fixed importance weights.
  private struct Weighing: CaseSampler {
    var weights: [Double]
    var caseCount: Int { 4 }
    var probabilities: [Double] { [0.25, 0.25, 0.25, 0.25] }
    func draw(_ count: Int) -> [Int] { Array(0..<count) }
    func record(losses: [Double], for cases: [Int]) -> [Double] { weights }
    func remapped(_ origins: [Int?]) -> Weighing { self }
  }

  /// Importance weights scale the gradients of their samples: halved for all, the gradient halves; zero leaves only
  /// weight decay.
  @Test func importanceWeightsReachTheGradient() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 1
    func gradientNorm(_ name: String, _ weights: [Double]) throws -> Double {
      let trainer = try Trainer(try tiny.task(name), progress: .silent, sampler: Weighing(weights: weights))
      _ = try trainer.run()
      return trainer.history[0].gradientNorm
    }
    let whole = try gradientNorm("whole", [1, 1])
    #expect(abs(try gradientNorm("half", [0.5, 0.5]) / whole - 0.5) < 1e-4)
    #expect(try gradientNorm("none", [0, 0]) < 1e-6)
    #expect(try gradientNorm("first", [1, 0]) != gradientNorm("second", [0, 1]))
  }

  /// With every strategy that a plan can name, a training runs and can be resumed.
  @Test(arguments: SamplerSettings.Name.allCases) func everySamplerTrains(name: SamplerSettings.Name) throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    tiny.settings.sampler.k = 2
    tiny.settings.sampler.name = .shuffled
    _ = try tiny.trainer("first").run()
    tiny.settings.sampler.name = name
    tiny.settings.sampler.firstStage = tiny.folder.appendingPathComponent("first").path
    tiny.settings.sampler.weightsFile = tiny.folder.appendingPathComponent("weights.csv").path
    try Data("case,weight\ncase_0,1\ncase_1,0\ncase_2,3\ncase_3,0\n".utf8).write(
      to: tiny.folder.appendingPathComponent("weights.csv"))
    #expect(try tiny.trainer("model").run { true } == .stopped)
    #expect(try tiny.trainer("model", resumes: true).run() == .finished)
    let draws = try tiny.samplerRows("model").map { Int($0[5]) ?? 0 }
    #expect(draws.reduce(0, +) == 10)
    if [.static, .justTrainTwice].contains(name) { #expect(draws[1] == 0 && draws[3] == 0) }
    if name == .shuffled { #expect(draws.allSatisfy { 2...3 ~= $0 }) }
  }

  /// A strategy without the files or groups that it needs is refused.
  @Test func missingTablesAreRefused() throws {
    let tiny = try TinyTraining()
    for name in [SamplerSettings.Name.static, .justTrainTwice] {
      tiny.settings.sampler.name = name
      #expect(throws: InputError.self) { try tiny.trainer("model") }
    }
    tiny.settings.sampler.name = .groupDRO
    var task = try tiny.task("model")
    task.groups["case_1"] = nil
    #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
    tiny.settings.sampler.name = .topK
    tiny.settings.sampler.k = 5
    #expect(throws: InputError.self) { try tiny.trainer("model") }
  }

  @Test func modelsAreNotLost() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 2
    _ = try tiny.trainer("model").run { true }
    #expect(throws: InputError.self) { try tiny.trainer("model") }
    _ = try tiny.trainer("model", resumes: true).run()
    let weights = try tiny.weights("model")
    #expect(throws: InputError.self) { try tiny.trainer("model") }
    // Resuming a finished training changes nothing.
    #expect(try tiny.trainer("model", resumes: true).run { true } == .finished)
    #expect(try tiny.weights("model") == weights)
    tiny.settings.seed = 5
    #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true) }
    _ = try tiny.trainer("model", overwrites: true).run()
    #expect(try tiny.weights("model") != weights)
  }

  /// A finished training can be extended by more epochs, but not by accident.
  @Test func extending() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 2
    _ = try tiny.trainer("model").run()
    tiny.settings.epochs = 2
    #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true).run() }
    let extended = try tiny.trainer("model", resumes: true, overwrites: true)
    #expect(try extended.run() == .finished)
    #expect(extended.history.count == 2)
  }

  /// A checkpoint of other cases is refused, because its losses are theirs.
  @Test func otherCasesAreRefused() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 2
    _ = try tiny.trainer("model").run { true }
    var task = try tiny.task("model", resumes: true)
    task.split = Split(training: Array(tiny.names[1..<5]), validation: [])
    #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
  }

  @Test func damagedCheckpointsAreRefused() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    tiny.settings.iterationsPerEpoch = 2
    _ = try tiny.trainer("model").run { true }
    let url = tiny.folder.appendingPathComponent("model/checkpoint_latest.safetensors")
    let data = try Data(contentsOf: url)
    try data.prefix(data.count / 2).write(to: url)
    #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true) }
    let text = "\"iteration\\\":1"
    let range = try #require(data.range(of: Data(text.utf8)))
    var spoilt = data
    spoilt[range.upperBound - 1] = UInt8(ascii: "x")
    try spoilt.write(to: url)
    #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true) }
  }

  /// A damaged checkpoint costs the epoch since the one before it, and nothing of the result.
  @Test func theCheckpointBeforeIsUsed() throws {
    let tiny = try TinyTraining()
    _ = try tiny.trainer("undisturbed").run()
    var steps = 0
    _ = try tiny.trainer("model").run {
      steps += 1
      return steps == 9
    }
    let url = tiny.folder.appendingPathComponent("model/checkpoint_latest.safetensors")
    var data = try Data(contentsOf: url)
    data[data.count - 3] ^= 0x10
    try data.write(to: url)
    #expect(try tiny.trainer("model", resumes: true).run() == .finished)
    #expect(try tiny.weights("model") == tiny.weights("undisturbed"))
    #expect(!exists(tiny, "model/checkpoint_previous.safetensors"))
  }

  /// A checkpoint whose state cannot be, whether its checksum is right or not, is refused before anything is done with
  /// it: batches larger than the network's input, counts that overflow, numbers that are none.
  @Test(arguments: [
    (#""drawnBatches":\[\{"cases":\["#, #""drawnBatches":[{"cases":[0,0,0,0,0,0,0,"#),
    (#""epochDraws":\[[0-9]+"#, #""epochDraws":[9223372036854775807"#),
    (#""visits":\[[0-9]+"#, #""visits":[9223372036854775807"#), (#""epoch":0"#, #""epoch":-1"#),
    (#""lossSum":[-+.0-9e]+"#, #""lossSum":"nan""#), (#""caseIndex":[0-9]"#, #""caseIndex":4"#),
  ])
  func impossibleStatesAreRefused(pattern: String, replacement: String) throws {
    let tiny = try TinyTraining()
    _ = try tiny.trainer("model").run { true }
    let url = tiny.folder.appendingPathComponent("model/checkpoint_latest.safetensors")
    let file = try Safetensors(contentsOf: url)
    var metadata = file.metadata
    let state = try #require(metadata["training_state"])
    metadata["training_state"] = state.replacing(try Regex(pattern), maxReplacements: 1) { _ in replacement }
    #expect(metadata["training_state"] != state)
    let tensors = try file.entries.map { name, entry in
      Safetensors.Tensor(name, shape: entry.shape, floats: try file.floats(name))
    }
    try Safetensors.write(tensors, metadata: metadata, to: url)
    let error = #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true) }
    #expect(error?.found == "no usable state of a training run")
  }

  /// A number of steps with which the moving average would divide by zero is refused.
  @Test func impossibleAveragesAreRefused() throws {
    let tiny = try TinyTraining()
    tiny.settings.ema = 0.9
    _ = try tiny.trainer("model").run { true }
    let url = tiny.folder.appendingPathComponent("model/checkpoint_latest.safetensors")
    let file = try Safetensors(contentsOf: url)
    let tensors = try file.entries.map { name, entry in
      name == "ema/steps"
        ? Safetensors.Tensor(name, shape: [1], int32s: [-11])
        : Safetensors.Tensor(name, shape: entry.shape, floats: try file.floats(name))
    }
    try Safetensors.write(tensors, metadata: file.metadata, to: url)
    let error = #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true) }
    #expect(error?.found.contains("number of steps") == true)
  }

  /// Another network, other labels or other images of the same names are not another part of the same run.
  @Test func aResumedRunIsTheSameRun() throws {
    let tiny = try TinyTraining()
    _ = try tiny.trainer("model").run { true }
    func expectRefusal(_ word: String, _ change: (inout TrainingTask) -> Void) throws {
      var task = try tiny.task("model", resumes: true)
      change(&task)
      let error = #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
      #expect(error?.description.contains(word) == true, "\(String(describing: error))")
    }
    try expectRefusal("architecture") { $0.plan.configuration.network.activation = NetworkPlan.relu }
    try expectRefusal("training.momentum") { $0.plan.training.momentum = 0.5 }
    let text =
      #"{"channel_names": {"0": "MR"}, "labels": {"background": 0, "cube": 1}, "numTraining": 6, "#
      + #""file_ending": ".nii.gz"}"#
    let renamed = try DatasetDescription(JSON.parse(Data(text.utf8), file: "renamed"), file: "renamed")
    try expectRefusal("ball") { $0.description = renamed }
    // Another precision is allowed, and so is the very same task.
    _ = try tiny.trainer("model", resumes: true)
    let voxels = tiny.shape.reduce(1, *)
    try tiny.writeCase(
      "case_0", image: Array(repeating: 1, count: voxels), labels: Array(repeating: 1, count: voxels),
      voxels: [1: [7, 9, 6]])
    try expectRefusal("other images") { _ in }
  }

  /// A model that is overwritten is there, set aside, until its successor is complete.
  @Test func anOverwrittenModelIsSetAside() throws {
    let tiny = try TinyTraining()
    tiny.settings.epochs = 1
    _ = try tiny.trainer("model").run()
    let old = try tiny.weights("model")
    tiny.settings.seed = 5
    for _ in 0..<2 {
      _ = try tiny.trainer("model", overwrites: true).run { true }
      #expect(!exists(tiny, "model/checkpoint_final.safetensors"))
      #expect(try tiny.weights("model/replaced") == old)
    }
    #expect(try tiny.trainer("model", resumes: true).run() == .finished)
    #expect(!exists(tiny, "model/replaced"))
    #expect(try tiny.weights("model") != old)
  }

  /// Without its checkpoint, a run would begin again and replace the tables of the old one.
  @Test func aRunWithoutItsCheckpointIsNotBegunAnew() throws {
    let tiny = try TinyTraining()
    _ = try tiny.trainer("model").run()
    for name in ["latest", "final", "best"] {
      try? FileManager.default.removeItem(
        at: tiny.folder.appendingPathComponent("model/checkpoint_\(name).safetensors"))
    }
    #expect(throws: InputError.self) { try tiny.trainer("model", resumes: true) }
    #expect(exists(tiny, "model/log.csv"))
  }

  /// Images that make the loss NaN stop the run with the cases' names, and no checkpoint is written.
  @Test func divergenceNamesTheCases() throws {
    let tiny = try TinyTraining()
    tiny.settings.augmentation = .none
    let voxels = tiny.shape.reduce(1, *)
    for name in tiny.names {
      try tiny.writeCase(
        name, image: Array(repeating: .nan, count: voxels), labels: Array(repeating: 0, count: voxels),
        voxels: [1: [7, 9, 6]])
    }
    let trainer = try tiny.trainer("model")
    let error = #expect(throws: TrainingError.self) { try trainer.run() }
    #expect(error?.description.contains("case_") == true)
    #expect(!exists(tiny, "model/checkpoint_latest.safetensors"))
  }

  /// If the plan allows it, steps with such images are left out and counted, and the network stays finite.
  @Test(arguments: [SamplerSettings.Name.uniform, .hardness]) func stepsThatAreNotFiniteAreLeftOut(
    sampler: SamplerSettings.Name
  ) throws {
    let tiny = try TinyTraining()
    tiny.settings.augmentation = .none
    tiny.settings.skipsNonFiniteSteps = true
    tiny.settings.sampler.name = sampler
    try tiny.writeCase(
      "case_2", image: Array(repeating: .nan, count: tiny.shape.reduce(1, *)),
      labels: Array(repeating: 0, count: tiny.shape.reduce(1, *)), voxels: [1: [7, 9, 6]])
    let trainer = try tiny.trainer("model")
    #expect(try trainer.run() == .finished)
    let skipped = trainer.history.map { $0.skippedSteps ?? 0 }
    #expect(skipped.reduce(0, +) > 0 && skipped.allSatisfy { $0 < tiny.settings.iterationsPerEpoch })
    #expect(trainer.history.allSatisfy { $0.trainingLoss.isFinite && $0.gradientNorm.isFinite })
    #expect(try tiny.weights("model").values.joined().allSatisfy(\.isFinite))
    let log = try CSV.rows(contentsOf: ModelFolder(tiny.folder.appendingPathComponent("model")).log).map(\.cells)
    let column = try #require(log[0].firstIndex(of: "skipped_steps"))
    #expect(log.dropFirst().map { $0[column] } == skipped.map(String.init))
  }

  /// Rows of an epoch that is repeated after a kill are replaced, and no others; a name may contain a line break.
  @Test func rowsOfEarlierEpochsAreKept() {
    let table = Data("epoch,case\n0,a\n0,\"b\nc\"\n1,a\n1,\"b\nc\"\n".utf8)
    func kept(_ epoch: Int) -> String {
      String(decoding: table.prefix(TrainingLog.length(table, ofEpochsBefore: epoch)), as: UTF8.self)
    }
    #expect(kept(0) == "epoch,case\n")
    #expect(kept(1) == "epoch,case\n0,a\n0,\"b\nc\"\n")
    #expect(kept(2) == String(decoding: table, as: UTF8.self))
    #expect(TrainingLog.length(Data(), ofEpochsBefore: 1) == 0)
  }

  /// The log tells with which β an epoch's batches were drawn, not with which the next one would be.
  @Test func theLogTellsHowBatchesWereDrawn() throws {
    let tiny = try TinyTraining()
    tiny.settings.sampler.name = .hardness
    tiny.settings.prefetch = 0
    tiny.settings.iterationsPerEpoch = 8
    let trainer = try tiny.trainer("model")
    _ = try trainer.run()
    let visits = try CSV.rows(contentsOf: ModelFolder(tiny.folder.appendingPathComponent("model")).visits).map(\.cells)
    let (epoch, beta) = try (
      #require(visits[0].firstIndex(of: "epoch")), #require(visits[0].firstIndex(of: "beta"))
    )
    // In the last epoch every case has been seen, so that β is finite at every draw.
    let drawn = visits.dropFirst().filter { $0[epoch] == "1" }.compactMap { Double($0[beta]) }
    let last = try #require(trainer.history.last)
    let mean = SampleMoments.mean(drawn)
    #expect(abs((last.beta ?? 0) - mean) <= 1e-4 * mean)
    #expect((1...4).contains(last.effectiveCases))
  }

  @Test func unusableInputIsRefused() throws {
    let tiny = try TinyTraining()
    var task = try tiny.task("model")
    task.split = Split(training: [], validation: [])
    #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
    task.split = Split(training: ["nobody"], validation: [])
    #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
    tiny.settings.sampler.name = .hardness
    tiny.settings.sampler.hardness.replacement = false
    task = try tiny.task("model")
    task.split = Split(training: ["case_0"], validation: [])
    #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
    task = try tiny.task("model")
    task.initialWeights = tiny.folder.appendingPathComponent("nowhere.safetensors")
    #expect(throws: InputError.self) { try Trainer(task, progress: .silent) }
  }
}
