import Evaluation
import Statistics

/// A method compared with the first: the differences of statistics, and who gained and lost.
struct ComparisonTables {
  let comparison: Comparison
  let difference: ArmDifference
  /// The name of the score with its unit.
  let title: String

  /// How many cases that gained or lost most are named.
  static let namedCases = 5

  /// The statistics of both methods and their difference.
  var statistics: ReportTable {
    let label = difference.labels[0]
    var rows = ScoreDifferences.statistics.compactMap { statistic in
      label.all[statistic].map { row(statistic.title(isHigherBetter: comparison.isHigherBetter), $0) }
    }
    if let worst = label.worstGroup, let name = label.worstGroupTitle {
      rows.append(row("worst group (\(name))", worst))
    }
    return ReportTable(
      caption: "\(title), \(label.label): \(pair), \(label.all.count) cases paired",
      columns: ReportTable.columns([""], numbers: [difference.baseline, difference.arm])
        + ReportTable.columns([], numbers: ["difference"], small: SummaryTables.interval)
        + ReportTable.columns(["outcome"], numbers: []), rows: rows)
  }

  /// The cases that gained most, and those that lost most; empty tables are left out.
  var cases: [ReportTable] {
    [("better", Array(difference.gained)), ("worse", difference.lost)].compactMap { name, cases in
      guard !cases.isEmpty else { return nil }
      let hasGroups = comparison.grouping != nil
      return ReportTable(
        caption: "\(title), \(name) under \(difference.arm): \(cases.count) of \(difference.cases.count) cases"
          + (cases.count > Self.namedCases ? ", most in these \(Self.namedCases)" : ""),
        columns: ReportTable.columns(
          ["case"] + (hasGroups ? ["group"] : []), numbers: [difference.baseline, difference.arm, "difference"]),
        rows: cases.prefix(Self.namedCases).map { item in
          ReportTable.Row(
            cells: ([item.name] + (hasGroups ? [item.group ?? "–"] : [])).map { ReportTable.Cell($0) } + [
              number(item.baseline), number(item.arm), number(item.difference, signed: true),
            ])
        })
    }
  }

  /// The differences of each label, over all cases and by group, with Wilcoxon's test.
  var labels: ReportTable {
    let statistics = ScoreDifferences.statistics
    func row(_ label: String, _ cases: String, _ differences: ScoreDifferences, _ pValue: Double?) -> ReportTable.Row {
      ReportTable.Row(
        cells: [
          ReportTable.Cell(label), ReportTable.Cell(cases),
          ReportTable.Cell("\(differences.count)\(differences.saysLittle ? "*" : "")", Double(differences.count)),
        ]
          + statistics.map { statistic in
            differences[statistic].map { estimate($0.difference) } ?? ReportTable.Cell("–", .nan)
          } + [pValue.map { ReportTable.Cell(TextTable.pValue($0), $0) } ?? ReportTable.Cell("", .nan)],
        saysLittle: differences.saysLittle)
    }
    return ReportTable(
      caption: "\(title): \(difference.arm) minus \(difference.baseline)",
      columns: ReportTable.columns(["label", "cases"], numbers: ["n"])
        + ReportTable.columns(
          [], numbers: statistics.map { $0.heading(isHigherBetter: comparison.isHigherBetter) },
          small: SummaryTables.interval) + ReportTable.columns([], numbers: ["p (Holm)"]),
      rows: difference.labels.flatMap { label in
        [row(label.label, "all", label.all, label.correctedPValue)]
          + label.groups.map { row(label.label, $0.name, $0.differences, nil) }
      })
  }

  private var pair: String { "\(difference.arm) against \(difference.baseline)" }

  private func row(_ name: String, _ figure: PairedDifference) -> ReportTable.Row {
    let outcome = figure.outcome(isHigherBetter: comparison.isHigherBetter)
    return ReportTable.Row(
      cells: [
        ReportTable.Cell(name), number(figure.baseline), number(figure.arm), estimate(figure.difference),
        ReportTable.Cell(outcome == .open ? "unclear" : outcome.rawValue),
      ], saysLittle: outcome == .tooFew)
  }

  private func number(_ value: Double, signed: Bool = false) -> ReportTable.Cell {
    ReportTable.Cell(number: value, decimals: comparison.decimals, signed: signed)
  }

  private func estimate(_ estimate: Estimate) -> ReportTable.Cell {
    ReportTable.Cell(estimate, decimals: comparison.decimals, signed: true)
  }
}
