import Charts
import Datasets
import Evaluation
import Files
import Foundation
import Statistics

/// The scores of one or more methods, and their trainings, as one page that people look at.
///
/// The page is a single HTML file without links to others. It opens from disk, on a phone and in print. Everything that
/// it shows is also written beside it, as JSON and CSV.
public struct Report {
  let sources: [ArmSource]
  /// The robust statistics of each method.
  let summaries: [RobustSummary]
  /// The score that charts show, then the others.
  let scores: [ReportScore]
  let trainings: [TrainingRun]
  let pictures: [CasePicture]

  /// The number of cases that are shown as slices.
  static let pictureCount = 10
  /// The number of training cases that are listed as hard.
  static let hardestCount = 15

  /// Gathers what the page shows.
  ///
  /// - Parameters:
  ///   - sources: At least one method; all were scored on the same cases and labels.
  ///   - columns: Which columns of the tables hold what. Beside Dice, HD95 is shown where all tables have it.
  ///   - groups: The table of groups; when left out, the groups that the first table names.
  ///   - trainings: Trainings whose curves and sampler are shown.
  ///   - slices: Where to find the images and reference segmentations of the worst cases. Predictions are beside the
  ///     tables of scores. Without them, there are no pictures of cases.
  /// - Throws: `InputError` when tables cannot be used or do not go together, or when files of the worst cases cannot
  ///   be read.
  public init(
    _ sources: [ArmSource], columns: ScoreColumns = ScoreColumns(), groups: CaseTable? = nil,
    trainings: [TrainingRun] = [], slices: SliceFolders? = nil
  ) throws {
    try self.init(
      sources, columns: columns, groups: groups, trainings: trainings, slices: slices, bootstrap: Bootstrap())
  }

  /// - Parameter bootstrap: How intervals of the statistics are computed; those of differences with as many resamples.
  package init(
    _ sources: [ArmSource], columns: ScoreColumns, groups: CaseTable?, trainings: [TrainingRun],
    slices: SliceFolders?, bootstrap: Bootstrap
  ) throws {
    var shown = [columns]
    if columns.score == Metric.dice.rawValue, try sources.allSatisfy({ try $0.hasColumn(Metric.hausdorff95.rawValue) })
    {
      var distance = columns
      distance.score = Metric.hausdorff95.rawValue
      distance.isHigherBetter = nil
      shown.append(distance)
    }
    let arms = try shown.map { columns in
      try ComparisonArm.aligned(
        sources.map { try ComparisonArm($0, columns: columns, groups: groups).countingFailures() })
    }
    let summaries = sources.indices.map { arm in
      RobustSummary(trainings: arms.map { $0[arm].runs }, bootstrap: bootstrap)
    }
    scores = try arms.enumerated().map { score, arms in
      try ReportScore(arms, summaries.map { $0.scores[score] }, resamples: bootstrap.resamples)
    }
    self.sources = sources
    self.summaries = summaries
    self.trainings = trainings
    let first = scores[0]
    pictures =
      try slices.map { folders in
        try first.worst(Self.pictureCount).map { try CasePicture($0, first, sources, folders) }
      } ?? []
  }

  /// The page.
  ///
  /// - Parameter page: Where the page is going to be, after which the files beside it are named.
  /// - Throws: What the template engine throws when a template is damaged, which is a bug.
  public func html(for page: URL = URL(fileURLWithPath: "report.html")) throws -> String {
    let page = ReportPage(
      title: "Report: " + sources.map(\.name).joined(separator: ", "), lead: lead,
      files: text(of: ReportFiles(page: page)), sections: sections)
    return try page.html()
  }

  /// Writes the page and, beside it, everything that it shows as JSON and CSV.
  ///
  /// - Returns: The files beside the page.
  /// - Throws: `InputError` when a file cannot be written, or would replace one that the page is made from.
  public func write(to page: URL) throws -> [URL] {
    let files = ReportFiles(page: page)
    try files.check(sources)
    try AtomicFile.replace(page, with: html(for: page))
    try AtomicFile.replace(files.json, with: json().text)
    try AtomicFile.replace(files.figures, with: figures())
    try AtomicFile.replace(files.cases, with: cases())
    return [files.json, files.figures, files.cases]
  }

  /// The trainings' names, as short as tells them apart.
  var trainingNames: [String] { PathNames.distinct(trainings.map(\.folder)) }

  private var lead: String {
    let groups = scores[0].groups.filter { !$0.name.isEmpty }
    let members = groups.isEmpty ? "" : ": " + groups.map { "\($0.cases.count) \($0.name)" }.joined(separator: ", ")
    let arms = scores[0].arms
    let runs = arms.filter { $0.runs.count > 1 }.map { "\($0.runs.count) of \($0.name)" }
    let labels = count(scores[0].summaries[0].table.labels.count, "label")
    return count(scores[0].caseNames.count, "case") + members + ". \(labels), \(count(arms.count, "method"))."
      + (runs.isEmpty ? "" : " Trainings: \(runs.joined(separator: ", ")). Figures are means over the trainings.")
  }

  private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  private func text(of files: ReportFiles) -> String {
    let names = [files.json, files.figures, files.cases].map(\.lastPathComponent)
    return "The figures are also in \(names[0]) and \(names[1]), the scores of each case in \(names[2])."
  }
}

extension ComparisonArm {
  /// The arm with a threshold for failures, if the score is a Dice from 0 to 1.
  fileprivate func countingFailures() -> ComparisonArm {
    let isDice = runs.allSatisfy { run in
      run.score == Metric.dice.rawValue && run.values.allSatisfy { $0.allSatisfy { !($0 > 1) } }
    }
    return ComparisonArm(
      name: name,
      runs: runs.map { run in
        var run = run
        run.failureThreshold = isDice ? RobustSummary.failureThreshold : nil
        return run
      })
  }
}
