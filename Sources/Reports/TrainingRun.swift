import Datasets
import Foundation
import Statistics

/// What a training wrote about its epochs and its sampler.
public struct TrainingRun: Sendable {
  /// What the sampler knew of a case at the end of an epoch.
  struct Visit {
    let epoch: Int
    let loss: Double
    let probability: Double
    let draws: Int
    /// The sampler's estimate of the hardness, its standard error, and the score of the whole case; NaN without one.
    let estimate: (hardness: Double, standardError: Double, score: Double)
  }

  let folder: URL
  /// The columns of `log.csv` with their values, one for each epoch.
  let log: [(name: String, values: [Double])]
  /// Each training case's group, which may be empty, and its rows of `sampler.csv` in order of the epochs.
  let cases: [String: (group: String, visits: [Visit])]

  /// Reads the tables of a model folder, such as `RESULTS/fold_0`.
  ///
  /// - Throws: `InputError` when `log.csv` or `sampler.csv` cannot be read.
  public init(folder: URL) throws {
    let model = ModelFolder(folder)
    let log = try Table(contentsOf: model.log)
    self.folder = folder
    self.log = try log.columns.map { ($0, try log.numbers($0)) }
    let sampler = try Table(contentsOf: model.samplerLog)
    let (names, groups) = (try sampler.texts("case"), try sampler.texts("group"))
    let (epochs, draws) = (try sampler.counts("epoch"), try sampler.counts("draws"))
    let (losses, probabilities) = (try sampler.numbers("loss"), try sampler.numbers("probability"))
    let estimates = try ["hardness", "standard_error", "score"].map { column in
      sampler.columns.contains(column)
        ? try sampler.numbers(column) : Array(repeating: Double.nan, count: sampler.count)
    }
    cases = Dictionary(grouping: names.indices) { names[$0] }.mapValues { rows in
      let visits = rows.map { row in
        Visit(
          epoch: epochs[row], loss: losses[row], probability: probabilities[row], draws: draws[row],
          estimate: (estimates[0][row], estimates[1][row], estimates[2][row]))
      }
      return (groups[rows[0]], visits.sorted { $0.epoch < $1.epoch })
    }
  }

  /// The tables that the training wrote.
  var files: [URL] { [ModelFolder(folder).log, ModelFolder(folder).samplerLog] }

  /// The groups of the training cases by name; empty when cases have none.
  var groups: [String] { Set(cases.values.map(\.group)).subtracting([""]).sorted() }

  /// The values of a column of `log.csv` that are there.
  func points(_ column: String) -> [(epoch: Double, value: Double)] {
    guard let epochs = log.first(where: { $0.name == "epoch" }), let values = log.first(where: { $0.name == column })
    else { return [] }
    return zip(epochs.values, values.values).filter { !$0.1.isNaN }.map { ($0, $1) }
  }

  /// The sum of a number over the cases of a group, for each epoch.
  func sums(of group: String, _ number: (Visit) -> Double) -> [(epoch: Double, value: Double)] {
    var sums: [Int: Double] = [:]
    // In order of the names, because the last bit of a sum depends on the order.
    for (_, item) in cases.sorted(by: { $0.key < $1.key }) where item.group == group {
      for visit in item.visits { sums[visit.epoch, default: 0] += number(visit) }
    }
    return sums.sorted { $0.key < $1.key }.map { (Double($0.key), $0.value) }
  }

  /// How hard a case is.
  struct Hardness {
    let name: String
    let group: String
    /// The mean of its losses in the last epochs in which it was drawn, ten at most, or the sampler's estimate.
    let hardness: Double
    /// The standard error of `hardness`; NaN for a single loss.
    let standardError: Double
    /// The score of the prediction of the whole case; NaN without one.
    let score: Double
    /// The number of epochs whose losses were averaged.
    let epochs: Int
    let probability: Double
    /// How often it was drawn in the whole training.
    let draws: Int
  }

  /// The cases by the sampler's last estimate, hardest first; empty when it made none.
  func estimates() -> [Hardness] {
    ranked { visits in
      guard let last = visits.last?.estimate, last.hardness.isFinite else { return nil }
      return (last.hardness, last.standardError, last.score, 0)
    }
  }

  /// The cases with a loss by their last losses, hardest first.
  func hardest() -> [Hardness] {
    ranked { visits in
      let losses = visits.filter { $0.draws > 0 && $0.loss.isFinite }.suffix(10).map(\.loss)
      guard !losses.isEmpty else { return nil }
      let standardError = SampleMoments.standardDeviation(losses) / Double(losses.count).squareRoot()
      return (SampleMoments.mean(losses), standardError, .nan, losses.count)
    }
  }

  private func ranked(
    _ measure: ([Visit]) -> (hardness: Double, standardError: Double, score: Double, epochs: Int)?
  ) -> [Hardness] {
    cases.compactMap { name, item -> Hardness? in
      guard let found = measure(item.visits) else { return nil }
      return Hardness(
        name: name, group: item.group, hardness: found.hardness, standardError: found.standardError,
        score: found.score, epochs: found.epochs, probability: item.visits.last?.probability ?? .nan,
        draws: item.visits.reduce(0) { $0 + $1.draws })
    }
    .sorted { ($1.hardness, $0.name) < ($0.hardness, $1.name) }
  }
}
