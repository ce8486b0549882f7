import Charts
import Datasets
import Evaluation
import Files
import Foundation
import Mustache

/// The evaluations of one or more networks, and their trainings, as one page that people look at.
///
/// The page is a single HTML file without links to others. It opens from disk, on a phone and in print.
public struct Report {
  private let evaluations: Evaluations
  private let trainings: [TrainingRun]
  private let pictures: [CasePicture]

  /// The number of cases that are shown as slices.
  static let pictureCount = 10
  /// The number of training cases that are listed as hard.
  static let hardestCount = 15

  /// Gathers what the page shows.
  ///
  /// - Parameters:
  ///   - scores: At least one evaluation; all have the same labels.
  ///   - groups: The table of groups; when left out, the groups that the first evaluation names.
  ///   - trainings: Trainings whose curves and sampler are shown.
  ///   - slices: Where to find the images and reference segmentations of the worst cases. Predictions are those in the
  ///     folders of the evaluations. Without them, there are no pictures of cases.
  /// - Throws: `InputError` when evaluations do not go together, or files of the worst cases cannot be read.
  public init(
    _ scores: [CaseScores], groups: CaseTable? = nil, trainings: [TrainingRun] = [], slices: SliceFolders? = nil
  ) throws {
    let evaluations = try Evaluations(scores, groups: groups)
    self.evaluations = evaluations
    self.trainings = trainings
    pictures =
      try slices.map { folders in
        try evaluations.worst(Self.pictureCount).map { try CasePicture($0, evaluations, folders) }
      } ?? []
  }

  /// The page.
  ///
  /// - Throws: What the template engine throws when a template is damaged, which is a bug.
  public func html() throws -> String {
    let page = ReportPage(
      title: "Report: " + evaluations.arms.map(\.name).joined(separator: ", "), lead: lead,
      style: Self.text(PackageResources.report_css),
      script: Self.text(PackageResources.report_js),
      sections: [summary, curves, pairs, strips].compactMap { $0 } + [worst].compactMap { $0 } + training)
    let templates = try MustacheLibrary(templates: [
      "report": MustacheTemplate(string: Self.text(PackageResources.report_mustache)),
      "table": MustacheTemplate(string: Self.text(PackageResources.table_mustache)),
    ])
    return templates.render(page, withTemplate: "report") ?? ""
  }

  /// Writes the page to a file.
  ///
  /// - Throws: `InputError` when the file cannot be written.
  public func write(to file: URL) throws { try AtomicFile.replace(file, with: html()) }

  private static func text(_ resource: [UInt8]) -> String { String(decoding: resource, as: UTF8.self) }

  private var lead: String {
    let groups = evaluations.groups(evaluations.columns.first).filter { !$0.name.isEmpty }
    let members = groups.isEmpty ? "" : ": " + groups.map { "\($0.cases.count) \($0.name)" }.joined(separator: ", ")
    let labels = evaluations.arms[0].scores.labels.count
    return count(evaluations.cases.count, "case") + members + ". " + count(labels, "label") + ", "
      + count(evaluations.arms.count, "evaluation") + "."
  }

  private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

  private var summary: ReportSection {
    let columns = evaluations.columns
    func tables(_ targets: [Evaluations.Target]) -> [ReportTable] {
      CaseScores.metrics.flatMap { metric in
        ([nil] + columns.map(Optional.some)).map {
          SummaryTable(evaluations, metric, targets: targets, column: $0).table
        }
      }
    }
    return ReportSection(
      id: "summary", heading: "Summary",
      text: """
        The mean hides the patients whom a network fails: p10 bounds the worst tenth of the cases. A count such as \
        18 of 20 says that the metric is not defined in two cases, which the figures leave out.
        """,
      tables: tables([evaluations.targets[0]]),
      details: evaluations.targets.count > 1
        ? ReportDetails(summary: "Each label", tables: tables(Array(evaluations.targets.dropFirst())), charts: []) : nil
    )
  }

  private var curves: ReportSection {
    let charts = EvaluationCharts(evaluations: evaluations)
    return ReportSection(
      id: "percentiles", heading: "Dice by percentile",
      text: "The left end of a line is its worst case. A higher line is better at the same share of the cases.",
      charts: charts.curves(evaluations.targets[0]).map { $0.svg() },
      details: more(evaluations.targets.dropFirst().flatMap { charts.curves($0).map { $0.svg() } }))
  }

  private var pairs: ReportSection? {
    guard evaluations.arms.count > 1 else { return nil }
    let charts = EvaluationCharts(evaluations: evaluations)
    return ReportSection(
      id: "pairs", heading: "Case by case",
      text: """
        Each mark is a case. Above the diagonal, it is segmented better by the network on the vertical axis. Point at \
        a mark for the name of the case.
        """,
      charts: charts.pairs(evaluations.targets[0]).map { $0.svg() },
      details: more(evaluations.targets.dropFirst().flatMap { charts.pairs($0).map { $0.svg() } }))
  }

  private var strips: ReportSection {
    ReportSection(
      id: "labels", heading: "Dice by label and group", text: "Each mark is a case.",
      charts: EvaluationCharts(evaluations: evaluations).strips().map { $0.svg() })
  }

  private var worst: ReportSection? {
    if pictures.isEmpty { return nil }
    return ReportSection(
      id: "worst", heading: "The worst cases",
      text: """
        The cases with the lowest mean Dice in any evaluation, worst first, in the slices with most wrong voxels. The \
        wide blue lines are the borders of the reference's labels, the narrow orange ones those of the prediction's. \
        Slices are along the axes of the file.
        """,
      pictures: pictures)
  }

  private var training: [ReportSection] {
    let names = (try? ArmNames.names(of: trainings.map(\.folder))) ?? trainings.map(\.folder.lastPathComponent)
    let groups = evaluations.groups(evaluations.columns.first).map(\.name)
    return zip(names, trainings).enumerated().map { index, training in
      let charts = TrainingCharts(run: training.1, groups: groups)
      return ReportSection(
        id: "training-\(index + 1)", heading: "Training \(training.0)",
        text: """
          What the network learned, and what the sampler showed it. The hardest cases are those with the highest mean \
          loss in the last epochs in which they were drawn, ten at most. Losses that differ by less than two standard \
          errors say little about which case is harder.
          """,
        charts: (charts.learning() + charts.sampling()).map { $0.svg() },
        tables: [HardestTable(training.1, count: Self.hardestCount).table])
    }
  }

  private func more(_ charts: [String]) -> ReportDetails? {
    charts.isEmpty ? nil : ReportDetails(summary: "Each label", tables: [], charts: charts)
  }
}
