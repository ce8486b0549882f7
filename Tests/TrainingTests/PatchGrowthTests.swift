import Datasets
import Files
import Foundation
import Plans
import Testing

@testable import Training

/// Protects trainings whose patches grow: which patches they have, and that nothing else of the training changes.
@Suite struct PatchGrowthTests {
  @Test func patchesAreValidAndEndAtThePlans() {
    let growth = PatchGrowth(patch: [128, 96, 40], divisors: [32, 32, 8])
    #expect(growth.patches == [[64, 64, 16], [64, 64, 24], [96, 64, 32], [96, 96, 32], [128, 96, 40]])
    #expect((0..<10).map { growth.patch(at: Double($0) / 10)[0] } == [64, 64, 64, 64, 96, 96, 96, 96, 128, 128])
    #expect(growth.patch(at: 1) == [128, 96, 40] && growth.patch(at: 2) == [128, 96, 40])
    // A patch that is as small as can be stays.
    #expect(PatchGrowth(patch: [16, 8, 1], divisors: [8, 8, 1]).patches.allSatisfy { $0 == [16, 8, 1] })
  }

  /// Four fifths of the operations are saved in the first stage; the whole training takes about 44 %.
  @Test func aTrainingTakesLessThanHalf() {
    let growth = PatchGrowth(patch: [128, 128, 128], divisors: [4, 4, 4])
    #expect(abs(growth.cost - 0.44) < 0.02)
    // Half of the epochs are done long before half of the time, and all of them with all of it.
    #expect(abs(growth.share(ofTime: 0.19) - 0.5) < 0.02)
    #expect([0, 1].map { growth.share(ofTime: $0) }.elementsEqual([0, 1]) { abs($0 - $1) < 1e-12 })
  }

  private func tiny() throws -> TinyTraining {
    let tiny = try TinyTraining()
    (tiny.settings.epochs, tiny.settings.iterationsPerEpoch) = (5, 3)
    tiny.settings.schedule = .progressive
    return tiny
  }

  /// Trains to the end with a trainer for each patch, and returns the patches.
  private func train(_ tiny: TinyTraining, _ model: String, resumes: Bool = false) throws -> Int {
    var trainers = 0
    while true {
      trainers += 1
      let outcome = try tiny.trainer(model, resumes: resumes || trainers > 1).run()
      if outcome == .finished { return trainers }
      #expect(outcome == .patchGrows)
    }
  }

  /// The patch of 12 voxels begins with 8: a trainer for each. Interrupting either changes nothing.
  @Test(arguments: [2, 13]) func interruptionsChangeNothing(step: Int) throws {
    let tiny = try tiny()
    #expect(try train(tiny, "whole") == 2)
    var steps = 0
    var outcome = Trainer.Outcome.patchGrows
    while outcome == .patchGrows {
      outcome = try tiny.trainer("parts", resumes: steps > 0).run {
        steps += 1
        return steps == step
      }
    }
    #expect(outcome == .stopped)
    _ = try train(tiny, "parts", resumes: true)
    #expect(try tiny.weights("whole") == tiny.weights("parts"))
    // It is another training than that with one patch.
    tiny.settings.schedule = .constant
    _ = try tiny.trainer("constant").run()
    #expect(try tiny.weights("constant") != tiny.weights("whole"))
  }

  /// With a time, the patch and the number of epochs follow the clock, in a run that was interrupted too.
  @Test func timedTrainingsGrow() throws {
    let tiny = try tiny()
    (tiny.settings.epochs, tiny.settings.hours) = (2, 1000)
    var steps = 0
    _ = try tiny.trainer("model").run {
      steps += 1
      return steps == 4
    }
    #expect(try train(tiny, "model", resumes: true) == 2)
    let log = try CSV.rows(contentsOf: ModelFolder(tiny.folder.appendingPathComponent("model")).log)
    // Hardly any time goes by: one and a half times as many epochs as were planned, and with growing patches those are
    // more than the plan's two.
    #expect(log.count > 1 + 3)
  }
}
