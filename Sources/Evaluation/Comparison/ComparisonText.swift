import Statistics

/// A comparison as text: the figures that matter and the verdict first, then labels and groups.
enum ComparisonText {
  static func text(_ comparison: Comparison) -> String {
    comparison.differences.map { head(comparison, $0) }.joined(separator: "\n")
      + comparison.notes.map { TextTable.wrapped($0, indentation: "") }.joined() + "\n"
      + comparison.differences.map { details(comparison, $0) }.joined(separator: "\n")
  }

  private static func head(_ comparison: Comparison, _ difference: ArmDifference) -> String {
    let label = difference.labels[0]
    let (baseline, arm) = (
      TextTable.shortened(difference.baseline, to: 18), TextTable.shortened(difference.arm, to: 18)
    )
    var rows = [["\(comparison.score), \(label.label)", baseline, arm, "difference", "95 % interval", ""]]
    for statistic in Verdict.statistics {
      guard let figure = label.all[statistic] else { continue }
      rows.append([statistic.title(isHigherBetter: comparison.isHigherBetter)] + cells(figure, comparison))
    }
    if let worst = label.worstGroup, let name = label.worstGroupTitle {
      rows.append([TextTable.shortened("worst group (\(name))", to: 34)] + cells(worst, comparison))
    }
    return
      "\(difference.arm) against \(difference.baseline), \(label.all.count) cases paired\n"
      + TextTable.aligned(rows, isLastText: true)
      + people(comparison, difference) + "\n" + TextTable.wrapped(difference.verdict, indentation: "")
  }

  private static func cells(_ figure: PairedDifference, _ comparison: Comparison) -> [String] {
    let outcome = figure.outcome(isHigherBetter: comparison.isHigherBetter)
    return [number(figure.baseline, comparison), number(figure.arm, comparison)]
      + interval(figure.difference, comparison) + [outcome == .open ? "" : outcome.rawValue]
  }

  /// How many cases gained and lost, and which most.
  private static func people(_ comparison: Comparison, _ difference: ArmDifference) -> String {
    func line(_ title: String, _ cases: some Collection<ArmDifference.Case>) -> String {
      guard !cases.isEmpty else { return "" }
      let names = cases.prefix(4).map {
        "\(TextTable.shortened($0.name, to: 26)) (\(number($0.difference, comparison, signed: true)))"
      }
      let text =
        "\(title) in \(cases.count) case\(cases.count == 1 ? "" : "s"), most in \(names.joined(separator: ", "))"
      return "  " + TextTable.wrapped(text, indentation: "    ", width: TextTable.width - 2)
    }
    return line("Better", difference.gained) + line("Worse", difference.lost)
  }

  /// One row for each label, and below the first one for each group.
  private static func details(_ comparison: Comparison, _ difference: ArmDifference) -> String {
    let tail = RobustStatistic.percentile10
    let key = tail.key(isHigherBetter: comparison.isHigherBetter)
    var rows = [["difference of", "n", "mean", "95 % interval", key, "95 % interval", "p (Holm)"]]
    func add(_ name: String, _ differences: ScoreDifferences, _ pValue: Double?) {
      let figures = [RobustStatistic.mean, tail].compactMap { differences[$0]?.difference }
      rows.append(
        [TextTable.shortened(name, to: 22), "\(differences.count)\(differences.saysLittle ? "*" : " ")"]
          + figures.flatMap { interval($0, comparison) }
          + [pValue.map(TextTable.pValue) ?? ""])
    }
    for (index, label) in difference.labels.enumerated() {
      add(label.label, label.all, label.correctedPValue)
      if index == 0 { for group in label.groups { add("  " + group.name, group.differences, nil) } }
    }
    let few = difference.labels.flatMap { [$0.all] + $0.groups.map(\.differences) }.contains(where: \.saysLittle)
    return "\(difference.arm) minus \(difference.baseline), by label\(comparison.grouping == nil ? "" : " and group")\n"
      + TextTable.aligned(rows)
      + (few ? "  * Fewer than \(RobustStatistics.handful) cases: these figures say little.\n" : "")
  }

  private static func number(_ value: Double, _ comparison: Comparison, signed: Bool = false) -> String {
    TextTable.number(value, decimals: comparison.decimals, signed: signed)
  }

  private static func interval(_ estimate: Estimate, _ comparison: Comparison) -> [String] {
    func text(_ value: Double) -> String { number(value, comparison, signed: true) }
    return [text(estimate.value), estimate.interval.map { "\(text($0.lower)) to \(text($0.upper))" } ?? "–"]
  }
}
