import HardnessWeighting

/// With what the batches of an epoch have been drawn, averaged over the epoch.
///
/// The values at an epoch's end would mislead: β is calibrated at the next draw, after the losses that came last.
struct SamplerMeans: Codable {
  private var count = 0
  private var effectiveCasesSum = 0.0
  private var betaSum: Double?

  /// The mean of the effective number of cases; `nil` before anything has been added.
  var effectiveCases: Double? { count > 0 ? effectiveCasesSum / Double(count) : nil }
  /// The mean of β; `nil` for strategies without one.
  var beta: Double? { betaSum.map { $0 / Double(count) } }

  /// Whether the draw for a step counts.
  ///
  /// At most about ten draws of an epoch do, because the effective number of cases takes time in proportion to all
  /// cases.
  static func counts(step: Int, of steps: Int) -> Bool { step.isMultiple(of: max(1, steps / 10)) }

  /// Adds the state with which a batch has just been drawn.
  mutating func add(_ sampler: some CaseSampler) {
    count += 1
    effectiveCasesSum += sampler.effectiveSampleSize
    if let beta = sampler.beta { betaSum = (betaSum ?? 0) + beta }
  }
}
