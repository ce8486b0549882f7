import Datasets
import Files
import Foundation
import Plans
import Testing

@testable import Training

/// Protects trainings that have a time: how many epochs they have.
@Suite struct TimedTrainingTests {
  @Test func epochsFollowTheClock() {
    var settings = TrainingSettings()
    settings.epochs = 20
    #expect(settings.epochs(within: 100, after: []) == 20)
    #expect(settings.epochs(within: 100, after: [5, 5]) == 20)
    #expect(settings.epochs(within: 100, after: [4, 6, 15]) == 12)
    #expect(settings.epochs(within: 100, after: [4]) == 25)
    // At least half of the plan's epochs, and at most one and a half times as many; never fewer than are done.
    #expect(settings.epochs(within: 100, after: [50]) == 10)
    #expect(settings.epochs(within: 100, after: [0]) == 30)
    #expect(settings.epochs(within: 1, after: Array(repeating: 1, count: 14)) == 14)
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
