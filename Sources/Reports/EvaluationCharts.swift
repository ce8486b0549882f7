import Charts
import Evaluation
import Statistics

/// The pictures of Dice over cases, groups and evaluations.
///
/// A color is a group in scatter and strip charts, and an evaluation in curves; both never share colors.
struct EvaluationCharts {
  let evaluations: Evaluations

  private var groups: [Evaluations.Group] { evaluations.groups(evaluations.columns.first) }

  /// Dice by percentile of the cases, one chart for all cases and one for each group.
  func curves(_ target: Evaluations.Target) -> [LineChart] {
    let all = Evaluations.Group(name: "all cases", cases: evaluations.cases)
    let shown = [all] + (groups.count > 1 ? groups : [])
    return shown.map { group in
      LineChart(
        "\(target.name), \(group.name)", x: Axis("percentile of the cases", range: 0...100),
        y: Axis("Dice", range: range(of: [target])),
        series: evaluations.arms.enumerated().map { position, arm in
          let sorted = values(arm, target, group.cases).sorted()
          let points =
            sorted.isEmpty
            ? []
            : (0...100).map {
              LineChart.Point(Double($0), Quantile.percentile(Double($0), ofSorted: sorted))
            }
          return LineChart.Series(arm.name, points, color: position + (groups.count > 1 ? groups.count : 0))
        })
    }
  }

  /// Each case under the first evaluation and under each other one.
  func pairs(_ target: Evaluations.Target) -> [ScatterChart] {
    evaluations.arms.dropFirst().map { other in
      let first = evaluations.arms[0]
      let common = Set(first.scores.cases).intersection(other.scores.cases)
      return ScatterChart(
        target.name, x: Axis("Dice, \(first.name)"), y: Axis("Dice, \(other.name)"),
        groups: groups.map { group in
          let points = group.cases.filter(common.contains).map { name in
            ScatterChart.Point(
              name, x: first.scores.value(.dice, target.label, of: name),
              y: other.scores.value(.dice, target.label, of: name))
          }
          return ScatterChart.Group(group.name, points)
        }, diagonal: true)
    }
  }

  /// The Dice of every case by label and group, one chart for each evaluation.
  func strips() -> [StripChart] {
    let targets = evaluations.targets.filter { $0.label != nil }
    return evaluations.arms.map { arm in
      StripChart(
        arm.name, value: Axis("Dice", range: range(of: targets)),
        strips: targets.flatMap { target in
          groups.map { group in
            let cases = group.cases.filter(Set(arm.scores.cases).contains)
            return StripChart.Strip(
              category: target.name, group: group.name,
              dots: cases.map { .init($0, arm.scores.value(.dice, target.label, of: $0)) },
              median: Quantile.median(values(arm, target, cases)))
          }
        })
    }
  }

  private func values(_ arm: Evaluations.Arm, _ target: Evaluations.Target, _ cases: [String]) -> [Double] {
    cases.map { arm.scores.value(.dice, target.label, of: $0) }.filter { !$0.isNaN }
  }

  /// The values of all evaluations, so that charts beside each other have the same axis.
  private func range(of targets: [Evaluations.Target]) -> ClosedRange<Double>? {
    let all = evaluations.arms.flatMap { arm in targets.flatMap { values(arm, $0, evaluations.cases) } }
    guard let low = all.min(), let high = all.max() else { return nil }
    return low...high
  }
}
