import Charts
import Evaluation
import Statistics

/// The pictures of a score over cases, groups and methods.
///
/// A color is a group in scatter and strip charts, and a method in curves; both never share colors.
struct EvaluationCharts {
  let score: ReportScore

  /// The score by percentile of the cases, one chart for all cases and one for each group.
  func curves(_ target: ReportScore.Target) -> [LineChart] {
    let groups = score.groups
    let all = ReportScore.Group(name: "all cases", cases: Array(score.caseNames.indices))
    let shown = [all] + (groups.count > 1 ? groups : [])
    return shown.map { group in
      LineChart(
        "\(target.name), \(group.name)", x: Axis("percentile of the cases", range: 0...100),
        y: Axis(score.title, range: range(of: [target])),
        series: score.arms.enumerated().map { position, arm in
          let sorted = values(position, target, group.cases).sorted()
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

  /// Each case under the first method and under each other one.
  func pairs(_ target: ReportScore.Target) -> [ScatterChart] {
    let first = score.scores(target, of: 0)
    return score.arms.indices.dropFirst().map { arm in
      let other = score.scores(target, of: arm)
      return ScatterChart(
        target.name, x: Axis("\(score.title), \(score.arms[0].name)"),
        y: Axis("\(score.title), \(score.arms[arm].name)"),
        groups: score.groups.map { group in
          ScatterChart.Group(
            group.name, group.cases.map { ScatterChart.Point(score.caseNames[$0], x: first[$0], y: other[$0]) })
        }, diagonal: true)
    }
  }

  /// The score of every case by label and group, one chart for each method.
  func strips() -> [StripChart] {
    let targets = score.targets.suffix(score.summaries[0].table.labels.count)
    return score.arms.indices.map { arm in
      StripChart(
        score.arms[arm].name, value: Axis(score.title, range: range(of: Array(targets))),
        strips: targets.flatMap { target in
          let scores = score.scores(target, of: arm)
          return score.groups.map { group in
            StripChart.Strip(
              category: target.name, group: group.name,
              dots: group.cases.map { .init(score.caseNames[$0], scores[$0]) },
              median: Quantile.median(values(arm, target, group.cases)))
          }
        })
    }
  }

  private func values(_ arm: Int, _ target: ReportScore.Target, _ cases: [Int]) -> [Double] {
    let scores = score.scores(target, of: arm)
    return cases.map { scores[$0] }.filter { !$0.isNaN }
  }

  /// The values of all methods, so that charts beside each other have the same axis.
  private func range(of targets: [ReportScore.Target]) -> ClosedRange<Double>? {
    let all = score.arms.indices.flatMap { arm in targets.flatMap { score.scores($0, of: arm) } }.filter { !$0.isNaN }
    guard let low = all.min(), let high = all.max() else { return nil }
    return low...high
  }
}
