import Evaluation
import Statistics

/// The robust statistics of a score, one row for each label, group and method.
///
/// This is the one place that decides which statistics a report shows.
struct SummaryTables {
  let score: ReportScore
  /// The labels to list; the caption names a single one.
  let targets: [ReportScore.Target]

  private static let main: [RobustStatistic] = [
    .mean, .median, .percentile25, .percentile10, .percentile5, .worstTenth,
  ]
  private static let more: [RobustStatistic] = [
    .standardDeviation, .interquartileRange, .percentile1, .worstQuarter,
  ]

  /// The figures that tell most, with the worst case.
  var main: ReportTable {
    let worst = ReportTable.Column(name: "worst", isNumber: true, smallName: "worst case")
    return table(Self.main, "", [worst]) { statistics in
      let number = TextTable.number(statistics.worst, decimals: score.decimals)
      return [ReportTable.Cell(number, statistics.worst, small: statistics.worstCase)]
    }
  }

  /// The other figures, with the share of failures where they are counted.
  var more: ReportTable {
    let threshold = score.summaries[0].table.failureThreshold
    let failures = threshold.map { "\(score.isHigherBetter ? "below" : "above") \($0)" }
    let columns = failures.map { [ReportTable.Column(name: $0, isNumber: true, smallName: Self.interval)] } ?? []
    return table(Self.more, ", more figures", columns) { statistics in
      statistics.failures.map { [ReportTable.Cell(share: $0)] } ?? []
    }
  }

  /// The group with the worst mean of each method, and how far it lies behind the best; `nil` without groups.
  var worstGroups: ReportTable? {
    let rows = targets.flatMap { target in
      score.groupings.indices.flatMap { grouping in
        score.arms.indices.compactMap { arm -> ReportTable.Row? in
          guard let gap = score.summaries[arm].rows[target.row].gaps[grouping] else { return nil }
          let names =
            (targets.count > 1 ? [target.name] : []) + (score.arms.count > 1 ? [score.arms[arm].name] : [])
            + [gap.worstGroup]
          return ReportTable.Row(
            cells: names.map { ReportTable.Cell($0) } + [
              ReportTable.Cell(gap.worstMean, decimals: score.decimals), ReportTable.Cell(gap.bestGroup),
              ReportTable.Cell(gap.gap, decimals: score.decimals),
            ])
        }
      }
    }
    guard !rows.isEmpty else { return nil }
    let texts = (targets.count > 1 ? ["label"] : []) + (score.arms.count > 1 ? ["method"] : []) + ["worst group"]
    return ReportTable(
      caption: title + ", worst group",
      columns: ReportTable.columns(texts, numbers: ["mean"], small: Self.interval)
        + ReportTable.columns(["best group"], numbers: ["gap"], small: Self.interval), rows: rows)
  }

  /// Whether some row rests on a handful of cases.
  var saysLittle: Bool { main.rows.contains(where: \.saysLittle) }

  static let interval = "95 % interval"

  private var title: String { score.title + (targets.count == 1 ? ", \(targets[0].name)" : "") }

  private func table(
    _ statistics: [RobustStatistic], _ suffix: String, _ last: [ReportTable.Column],
    _ lastCells: (RobustStatistics) -> [ReportTable.Cell]
  ) -> ReportTable {
    let texts = (targets.count > 1 ? ["label"] : []) + ["cases"] + (score.arms.count > 1 ? ["method"] : [])
    let names = statistics.map { $0.heading(isHigherBetter: score.isHigherBetter) }
    let rows = targets.flatMap { target in
      groups.flatMap { group in
        score.arms.indices.map { arm in
          let found = group.statistics(score.summaries[arm].rows[target.row])
          let texts =
            (targets.count > 1 ? [target.name] : []) + [group.name]
            + (score.arms.count > 1 ? [score.arms[arm].name] : [])
          return ReportTable.Row(
            cells: texts.map { ReportTable.Cell($0) } + [Self.count(found)]
              + statistics.map { ReportTable.Cell(found[$0], decimals: score.decimals) } + lastCells(found),
            saysLittle: found.saysLittle)
        }
      }
    }
    return ReportTable(
      caption: title + suffix,
      columns: ReportTable.columns(texts, numbers: ["n"])
        + ReportTable.columns([], numbers: names, small: Self.interval) + last, rows: rows)
  }

  /// All cases, then the groups of each grouping.
  private var groups: [(name: String, statistics: (RobustSummary.Row) -> RobustStatistics)] {
    let groups = score.groupings.enumerated().flatMap { index, grouping in
      grouping.names.enumerated().map { position, name in
        (
          name: score.groupings.count > 1 ? "\(grouping.column): \(name)" : name,
          statistics: { (row: RobustSummary.Row) in row.groups[index][position].statistics }
        )
      }
    }
    return [(name: "all", statistics: { $0.all })] + groups
  }

  private static func count(_ statistics: RobustStatistics) -> ReportTable.Cell {
    // The reader has to see that the figures leave out cases.
    let all = statistics.leftOut == 0 ? "" : " of \(statistics.count + statistics.leftOut)"
    return ReportTable.Cell("\(statistics.count)\(all)\(statistics.saysLittle ? "*" : "")", Double(statistics.count))
  }
}

extension RobustStatistic {
  /// The heading of a column: short names, and a phrase for the means of the worst cases.
  func heading(isHigherBetter: Bool) -> String {
    switch self {
    case .worstQuarter, .worstTenth: title(isHigherBetter: isHigherBetter)
    case .interquartileRange: "IQR"
    default: key(isHigherBetter: isHigherBetter)
    }
  }
}
