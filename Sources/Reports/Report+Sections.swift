import Charts
import Evaluation
import Foundation

/// The sections of the page, in its order.
extension Report {
  var sections: [ReportSection] {
    [comparison, summary, curves, pairs, strips, worst].compactMap { $0 } + trainingSections
  }

  private var comparison: ReportSection? {
    let compared = scores.compactMap { score in
      score.comparison.map { comparison in
        (
          comparison: comparison,
          tables: comparison.differences.map {
            ComparisonTables(comparison: comparison, difference: $0, title: score.title)
          }
        )
      }
    }
    guard let first = compared.first else { return nil }
    let labels = compared.flatMap { $0.tables.map(\.labels) }
    return ReportSection(
      id: "comparison", heading: "Comparison",
      text: """
        A difference is claimed only where its 95 % interval does not include 0, and never for a handful of cases. \
        Each interval stands by itself: of twenty, one is wrong on average.
        """,
      verdicts: compared.flatMap { item in
        item.comparison.verdicts.map { compared.count > 1 ? "\(item.comparison.score): \($0)" : $0 }
      },
      tableGroups: first.tables.map { ReportTableGroup(tables: [$0.statistics] + $0.cases) },
      notes: first.comparison.notes + [Self.handfulNote(labels)].compactMap { $0 },
      details: compared.dropFirst().map { item in
        ReportDetails(summary: item.comparison.score, tables: item.tables.flatMap { [$0.statistics] + $0.cases })
      } + [ReportDetails(summary: "Each label and group", tables: labels)])
  }

  private var summary: ReportSection {
    func tables(_ targets: (ReportScore) -> [ReportScore.Target]) -> [SummaryTables] {
      scores.map { SummaryTables(score: $0, targets: targets($0)) }
    }
    let overall = tables { [$0.targets[0]] }
    let labels = tables { Array($0.targets.dropFirst()) }
    let percentile = scores[0].isHigherBetter ? "p10" : "p90"
    let isDistance = scores.contains { Metric(rawValue: $0.name)?.isHigherBetter == false }
    return ReportSection(
      id: "summary", heading: "Summary",
      text: """
        The mean hides the patients whom a method fails: \(percentile) bounds the worst tenth of the cases, and \
        "worst 10 %" is their mean (CVaR). Below each figure is its 95 % interval, which says how much it would vary \
        with other patients. \
        \(isDistance ? "A structure that was missed or made up counts with the diagonal of the image. " : "")\
        A count such as 18 of 20 says that two cases have nothing to score.
        """,
      tables: overall.flatMap { [$0.main, $0.worstGroups].compactMap { $0 } },
      notes: [Self.handfulNote((overall + labels).map(\.main))].compactMap { $0 }
        + scores[0].groupings.compactMap { $0.noteOnOthers(among: scores[0].caseNames) },
      details: [ReportDetails(summary: "More figures", tables: overall.map(\.more))]
        + (scores[0].targets.count > 1
          ? [
            ReportDetails(
              summary: "Each label", tables: labels.flatMap { [$0.main, $0.worstGroups, $0.more].compactMap { $0 } })
          ] : []))
  }

  private static func handfulNote(_ tables: [ReportTable]) -> String? {
    guard tables.contains(where: { $0.rows.contains(where: \.saysLittle) }) else { return nil }
    return "* Fewer than \(RobustStatistics.handful) cases: these figures say little."
  }

  private var curves: ReportSection {
    let charts = EvaluationCharts(score: scores[0])
    return ReportSection(
      id: "percentiles", heading: "\(scores[0].name) by percentile",
      text: scores[0].isHigherBetter
        ? "The left end of a line is its worst case. A higher line is better at the same share of the cases."
        : "The right end of a line is its worst case. A lower line is better at the same share of the cases.",
      charts: charts.curves(scores[0].targets[0]).map { $0.svg() },
      details: more(scores[0].targets.dropFirst().flatMap { charts.curves($0).map { $0.svg() } }))
  }

  private var pairs: ReportSection? {
    guard sources.count > 1 else { return nil }
    let charts = EvaluationCharts(score: scores[0])
    return ReportSection(
      id: "pairs", heading: "Case by case",
      text: """
        Each mark is a case. \(scores[0].isHigherBetter ? "Above" : "Below") the diagonal, it is segmented better by \
        the method on the vertical axis. Point at a mark for the name of the case.
        """,
      charts: charts.pairs(scores[0].targets[0]).map { $0.svg() },
      details: more(scores[0].targets.dropFirst().flatMap { charts.pairs($0).map { $0.svg() } }))
  }

  private var strips: ReportSection {
    ReportSection(
      id: "labels", heading: "\(scores[0].name) by label and group", text: "Each mark is a case.",
      charts: EvaluationCharts(score: scores[0]).strips().map { $0.svg() })
  }

  private var worst: ReportSection? {
    if pictures.isEmpty { return nil }
    return ReportSection(
      id: "worst", heading: "The worst cases",
      text: """
        The cases with the worst \(scores[0].name) under any method, worst first, in the slices with most wrong \
        voxels. The wide blue lines are the borders of the reference's labels, the narrow orange ones those of the \
        prediction's. Slices are along the axes of the file.
        """,
      pictures: pictures)
  }

  private var trainingSections: [ReportSection] {
    let groups = scores[0].groups.map(\.name)
    return zip(trainingNames, trainings).enumerated().map { index, training in
      let charts = TrainingCharts(run: training.1, groups: groups)
      let hardest = HardestTable(training.1, count: Self.hardestCount)
      return ReportSection(
        id: "training-\(index + 1)", heading: "Training \(training.0)",
        text: """
          What the network learned, and what the sampler showed it. \(hardest.text) All rows are in \
          \(training.1.files.map(\.lastPathComponent).joined(separator: " and ")) of \(training.1.folder.relativePath).
          """,
        charts: (charts.learning() + charts.sampling()).map { $0.svg() }, tables: [hardest.table])
    }
  }

  private func more(_ charts: [String]) -> [ReportDetails] {
    charts.isEmpty ? [] : [ReportDetails(summary: "Each label", charts: charts)]
  }
}
