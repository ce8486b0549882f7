import Datasets
import Files
import Foundation
import Plans
import TestSupport
import Testing

@testable import Workflows

/// Protects the schedule of a training that must end in time.
@Suite struct TimeBudgetTests {
  private func schedule(_ steps: Int, _ settings: TrainingSettings = TrainingSettings()) -> TrainingSettings {
    var settings = settings
    TimeBudget.schedule(&settings, steps: steps)
    return settings
  }

  /// Never more steps than there is time for, nor than the plan has, and not many fewer.
  @Test(arguments: [1, 7, 19, 390, 1000, 4999, 5000, 123_456, 250_000, 9_999_999]) func stepsFit(steps: Int) {
    let settings = schedule(steps)
    let own = settings.epochs * settings.iterationsPerEpoch
    #expect(own <= steps && own <= 250_000)
    #expect(Double(own) >= 0.95 * Double(min(steps, 250_000)))
    #expect(settings.epochs >= min(20, steps))
    #expect(settings.iterationsPerEpoch <= 250 && settings.validationIterations <= 50)
  }

  @Test func thePlansOwnScheduleStays() {
    #expect(schedule(250_000) == TrainingSettings())
    var short = TrainingSettings()
    (short.epochs, short.iterationsPerEpoch, short.validationIterations) = (3, 10, 0)
    #expect(schedule(1000, short) == short)
  }

  /// With time enough the plan stays as it is; with little, it has as many steps as fit, and says so.
  @Test func aPlanIsFitted() throws {
    let plan = try Plan(JSON.parse(Data(SamplePlan.text.utf8), file: "plan"), file: "plan")
    let text =
      #"{"channel_names": {"0": "MR"}, "labels": {"background": 0, "a": 1}, "numTraining": 9, "#
      + #""file_ending": ".nii.gz"}"#
    let description = try DatasetDescription(JSON.parse(Data(text.utf8), file: "dataset.json"), file: "dataset.json")
    let ample = try TimeBudget(plan, hours: 1e5, description: description)
    #expect(ample.losses.isEmpty && ample.isEnough)
    #expect(ample.plan.configuration == plan.configuration && ample.plan.training.hours == 1e5)
    #expect(ample.explanation == "The full plan ends in time.")
    #expect(ample.plan.training.momentum == 0.99, "nnU-Net's, for many steps")

    var lines: [String] = []
    let short = try TimeBudget(plan, hours: 1e-6, description: description) { lines.append($0) }
    #expect(!short.isEnough && short.losses.last?.hasSuffix("steps in place of 250000") == true)
    let steps = short.plan.training.epochs * short.plan.training.iterationsPerEpoch
    #expect(Double(steps - 1) * short.secondsPerStep <= 0.0036)
    #expect(short.explanation.contains("fewer than 1000 steps"))
    #expect(short.plan.training.initialLearningRate == 0.03 && short.plan.training.momentum == 0.95)
    var own = plan
    own.training.momentum = 0.9
    let kept = try TimeBudget(own, hours: 1e-6, description: description)
    #expect(kept.plan.training.initialLearningRate == 0.01 && kept.plan.training.momentum == 0.9, "the user's")
    // So small a network cannot become smaller.
    #expect(lines.count == 1)
  }
}
