import Plans
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
}
