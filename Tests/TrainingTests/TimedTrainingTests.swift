import Datasets
import Files
import Foundation
import Plans
import TestSupport
import Testing

@testable import Training

/// Protects trainings that have a time: how many epochs they have.
@Suite struct TimedTrainingTests {
  /// The length of a training of 20 epochs, for which there are 100 seconds.
  private func length(_ schedule: TrainingSettings.Schedule = .constant) throws -> TrainingLength {
    var plan = try Plan(JSON.parse(Data(SamplePlan.text.utf8), file: "plan"), file: "plan")
    plan.configuration.patchSize = [40, 40, 40]
    (plan.training.epochs, plan.training.hours, plan.training.schedule) = (20, 100.0 / 3600, schedule)
    return TrainingLength(plan)
  }

  @Test func epochsFollowTheClock() throws {
    let length = try length()
    #expect(length.epochs(after: []) == 20)
    #expect(length.epochs(after: [5, 5]) == 20)
    #expect(length.epochs(after: [4, 6, 15]) == 12)
    #expect(length.epochs(after: [4]) == 25)
    // At least half of the plan's epochs, and at most one and a half times as many; never fewer than are done.
    #expect(length.epochs(after: [50]) == 10)
    #expect(length.epochs(after: [0]) == 30)
    #expect(length.epochs(after: Array(repeating: 50, count: 14)) == 14)
  }

  /// What a training says is left is what it takes, though larger patches come; and the disk holds as many epochs as
  /// there can be.
  @Test func theTimeThatIsLeftKnowsLargerPatches() throws {
    let constant = try length()
    #expect(constant.epochsLeft(after: [4, 6], patch: [40, 40, 40]) == 18 && constant.mostEpochs == 30)
    let length = try length(.progressive)
    let (small, whole) = ([16, 16, 16], [40, 40, 40])
    func seconds(_ patch: [Int]) -> Double { 5 * Double(patch.reduce(1, *)) / 64000 }
    #expect(abs(length.epochsLeft(after: [], patch: small) * seconds(small) - 100) < 2)
    #expect(abs(length.epochsLeft(after: [], patch: whole) * seconds(whole) - 100) < 2)
    #expect(length.mostEpochs >= length.epochs(after: [0]))
    var finished: [Double] = []
    while finished.count < length.epochs(after: finished) {
      let patch = length.patch(after: finished)
      let left = length.epochsLeft(after: finished, patch: patch) * seconds(patch)
      #expect(abs(left - (100 - finished.reduce(0, +))) < 6)
      finished.append(seconds(patch))
    }
  }

  /// A training whose patches grow takes its time, on a machine that is as fast as was thought, slower or faster, and
  /// ends with the plan's patch.
  @Test(arguments: [0.7, 1, 1.8]) func growingPatchesEndInTime(slowness: Double) throws {
    let length = try length(.progressive)
    var (finished, patches): ([Double], [[Int]]) = ([], [])
    while finished.count < length.epochs(after: finished) {
      patches.append(length.patch(after: finished))
      finished.append(5 * slowness * Double(patches.last!.reduce(1, *)) / (40 * 40 * 40))
    }
    let seconds = finished.reduce(0, +)
    #expect(95...105 ~= seconds)
    #expect(patches.last == [40, 40, 40])
    #expect(patches.map { $0[0] } == patches.map { $0[0] }.sorted())
    // Each patch has its share of the epochs.
    let counts = Set(patches).map { patch in patches.filter { $0 == patch }.count }
    #expect(counts.count >= 3 && counts.min()! >= patches.count / 5 - 1)
  }

  /// A machine that is much slower than the plan was made for does half of the epochs, and the learning rate ends low.
  @Test func aSlowMachineEndsEarlier() throws {
    let tiny = try TinyTraining()
    (tiny.settings.epochs, tiny.settings.iterationsPerEpoch) = (6, 2)
    tiny.settings.hours = 1e-6
    #expect(try tiny.trainer("model").run() == .finished)
    let log = try CSV.rows(contentsOf: ModelFolder(tiny.folder.appendingPathComponent("model")).log).map(\.cells)
    #expect(log.count == 1 + 3)
    let rate = try #require(log.last.flatMap { Double($0[1]) })
    #expect(abs(rate - 0.01 * pow(1 - 2.0 / 3, 0.9)) < 1e-6)
    // A finished model is not trained further.
    #expect(try tiny.trainer("model", resumes: true).run() == .finished)
  }

  /// A run that was stopped goes on, with another time if asked for.
  @Test func timedTrainingsResume() throws {
    let tiny = try TinyTraining()
    (tiny.settings.epochs, tiny.settings.iterationsPerEpoch) = (4, 2)
    tiny.settings.hours = 1e-6
    var steps = 0
    _ = try tiny.trainer("model").run {
      steps += 1
      return steps == 3
    }
    tiny.settings.hours = 1000
    let resumed = try tiny.trainer("model", resumes: true)
    #expect(try resumed.run() == .finished)
    #expect(resumed.history.count == 6)
  }
}
