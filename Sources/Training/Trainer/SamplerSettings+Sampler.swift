import Datasets
import Files
import Foundation
import HardnessWeighting
import Plans

extension SamplerSettings {
  /// Creates the sampler that a plan asks for.
  ///
  /// - Parameters:
  ///   - cases: The names of the cases to draw from.
  ///   - groups: The group of each case that has one, by the name of the case.
  ///   - batchSize: The number of cases in a batch.
  ///   - seed: The seed of the draws.
  /// - Throws: `InputError` when the sampler cannot draw such batches from these cases, or when a table that it needs
  ///   does not cover them.
  public func sampler(cases: [String], groups: [String: String], batchSize: Int, seed: UInt64) throws
    -> any CaseSampler
  {
    do {
      var sampler = try makeSampler(cases, groups, seed: seed)
      if let caseLosses {
        try sampler.record(scores: HardnessScores(URL(fileURLWithPath: caseLosses)).values(of: cases))
      }
      // Settings that cannot fill a batch must fail here, on a copy, and not at the first step.
      var trial = sampler
      _ = try trial.draw(batchSize)
      return sampler
    } catch let error as SamplerError {
      throw InputError(
        "training.sampler", found: error.description, expected: "a sampler that can draw the plan's batches")
    }
  }

  private func makeSampler(_ cases: [String], _ groups: [String: String], seed: UInt64) throws -> any CaseSampler {
    let count = cases.count
    switch name {
    case .uniform: return try UniformSampler(caseCount: count, seed: seed)
    case .shuffled: return try ShuffledSampler(caseCount: count, seed: seed)
    case .static: return try StaticSampler(weights: weights(of: cases), seed: seed)
    case .groupBalanced: return try GroupBalancedSampler(groups: groupNames(of: cases, groups), seed: seed)
    case .groupDRO:
      return try GroupDROSampler(
        groups: groupNames(of: cases, groups), stepSize: stepSize, adjustment: adjustment, seed: seed)
    case .hardness:
      return try HardnessWeightedSampler(
        caseCount: count, options: hardness, groups: needsGroups ? groupNames(of: cases, groups) : nil, seed: seed)
    case .cvar: return try sampler(of: cases, groups, CVaRRule(share: worstShare), seed: seed)
    case .chiSquare: return try sampler(of: cases, groups, ChiSquareRule(radius: radius), seed: seed)
    case .rank: return try sampler(of: cases, groups, RankRule(power: power), seed: seed)
    case .topK: return try sampler(of: cases, groups, TopKRule(count: k), seed: seed)
    case .justTrainTwice:
      return try StaticSampler.justTrainTwice(
        firstStageLosses: firstStageLosses(of: cases), errorShare: worstShare, upsampling: upsampling,
        weights: weightsFile == nil ? nil : weights(of: cases), seed: seed)
    }
  }

  /// The group of each case; the strategies and methods that know groups need one for every case.
  ///
  /// - Parameter user: What needs the groups, for the error message; the sampler by default.
  func groupNames(of cases: [String], _ groups: [String: String], for user: String? = nil) throws -> [String] {
    try cases.map { name in
      guard let group = groups[name] else {
        throw InputError(
          "groups.csv", found: "no \(groupColumn) for case \(name)", expected: "one for every training case",
          advice: (user.map { "\($0) needs them" } ?? "The sampler \(self.name.rawValue) draws by group")
            + ": complete the table next to dataset.json.")
      }
      return group
    }
  }

  private func sampler<Rule: LossRule>(
    of cases: [String], _ groups: [String: String], _ rule: Rule, seed: UInt64
  ) throws -> StaleLossSampler<Rule> {
    try StaleLossSampler(
      caseCount: cases.count, rule: rule, estimate: estimate, refresh: estimate == nil ? 0 : hardness.refresh,
      groups: needsGroups ? groupNames(of: cases, groups) : nil, seed: seed)
  }

  /// The weight of each case in the table `weightsFile`.
  private func weights(of cases: [String]) throws -> [Double] {
    guard let weightsFile else {
      throw InputError(
        "training.sampler", found: "no weights_file", expected: "a CSV file with the columns case and weight",
        advice: "Name the file in the plan, or with --case-weights.")
    }
    let table = try CaseTable(contentsOf: URL(fileURLWithPath: weightsFile))
    return try cases.map { name in
      let cell = table.value("weight", of: name)
      guard let weight = cell.flatMap(Double.init) else {
        throw InputError(
          weightsFile, found: cell.map { "the weight \($0) for case \(name)" } ?? "no weight for case \(name)",
          expected: "a number for every training case in the column weight")
      }
      return weight
    }
  }

  /// The last loss of each case in the first training, from its `sampler.csv`.
  private func firstStageLosses(of cases: [String]) throws -> [Double] {
    guard let firstStage else {
      throw InputError(
        "training.sampler", found: "no first_stage", expected: "the model folder of a first training",
        advice: "Train once with --sampler uniform and few epochs, "
          + "then name its fold's folder in the plan or with --first-stage.")
    }
    var file = URL(fileURLWithPath: firstStage)
    if file.pathExtension != "csv" { file = ModelFolder(file).samplerLog }
    let losses = try HardnessScores(file).scores
    return try cases.map { name in
      guard let loss = losses[name] else {
        throw InputError(
          file.path, found: "no loss for case \(name)", expected: "one for every training case",
          advice: "Train the first stage on the same fold, long enough to see every case.")
      }
      return loss
    }
  }
}
