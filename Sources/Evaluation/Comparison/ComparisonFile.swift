import Files
import Statistics

/// A comparison as JSON and as rows of a table.
package enum ComparisonFile {
  /// Each difference and p-value in the columns of `robust.csv`.
  package static func rows(_ difference: ArmDifference, _ comparison: Comparison) -> [[String]] {
    let column = comparison.grouping?.column ?? ""
    return difference.labels.flatMap { label in
      func row(_ subset: [String], _ count: Int?, _ name: String, _ estimate: Estimate) -> [String] {
        [comparison.score, label.label] + subset + [count.map { "\($0)" } ?? "", "", name] + RobustFile.cells(estimate)
      }
      func rows(_ differences: ScoreDifferences, _ subset: [String]) -> [[String]] {
        ScoreDifferences.statistics.compactMap { statistic in
          differences[statistic].map {
            row(subset, differences.count, statistic.key(isHigherBetter: comparison.isHigherBetter), $0.difference)
          }
        }
      }
      let groups = label.groups.flatMap { rows($0.differences, [column, $0.name]) }
      let worst = label.worstGroup.map {
        row([column, label.worstGroupTitle ?? ""], nil, "worst_group_mean", $0.difference)
      }
      let pValues = [("p", label.test.pValue), ("p_holm", label.correctedPValue)].map {
        row(["", ""], label.test.count, $0.0, Estimate(value: $0.1, interval: nil))
      }
      return rows(label.all, ["", ""]) + groups + (worst.map { [$0] } ?? []) + pValues
    }
  }

  static func json(_ comparison: Comparison) -> JSON {
    object([
      ("score", .string(comparison.score)), ("higher_is_better", .bool(comparison.isHigherBetter)),
      ("cases", .integer(comparison.caseNames.count)),
      ("group_column", comparison.grouping.map { .string($0.column) } ?? .null),
      (
        "arms",
        .array(comparison.arms.map { object([("name", .string($0.name)), ("trainings", .integer($0.runs))]) })
      ),
      ("left_out", object(comparison.leftOut.map { ($0.label, .integer($0.count)) })),
      ("bootstrap", RobustFile.json(comparison.bootstrap)),
      ("comparisons", .array(comparison.differences.map { json($0, comparison) })),
    ])
  }

  private static func json(_ difference: ArmDifference, _ comparison: Comparison) -> JSON {
    object([
      ("baseline", .string(difference.baseline)), ("arm", .string(difference.arm)),
      ("verdict", .string(difference.verdict)),
      ("labels", object(difference.labels.map { ($0.label, json($0, comparison)) })),
      (
        "cases",
        .array(
          difference.cases.map {
            object([
              ("case", .string($0.name)), ("group", $0.group.map { .string($0) } ?? .null),
              ("baseline", .number($0.baseline)), ("arm", .number($0.arm)), ("difference", .number($0.difference)),
            ])
          })
      ),
    ])
  }

  private static func json(_ label: LabelDifference, _ comparison: Comparison) -> JSON {
    object([
      ("overall", json(label.all, comparison)),
      ("groups", object(label.groups.map { ($0.name, json($0.differences, comparison)) })),
      ("worst_group_mean", label.worstGroup.map { json($0, comparison) } ?? .null),
      (
        "wilcoxon",
        object([
          ("n", .integer(label.test.count)), ("statistic", .number(label.test.statistic)),
          ("exact", .bool(label.test.isExact)), ("p", .number(label.test.pValue)),
          ("p_holm", .number(label.correctedPValue)),
        ])
      ),
    ])
  }

  private static func json(_ differences: ScoreDifferences, _ comparison: Comparison) -> JSON {
    object(
      [("n", .integer(differences.count)), ("says_little", .bool(differences.saysLittle))]
        + ScoreDifferences.statistics.compactMap { statistic in
          differences[statistic].map {
            (statistic.key(isHigherBetter: comparison.isHigherBetter), json($0, comparison))
          }
        })
  }

  private static func json(_ difference: PairedDifference, _ comparison: Comparison) -> JSON {
    object([
      ("baseline", .number(difference.baseline)), ("arm", .number(difference.arm)),
      ("difference", RobustFile.json(difference.difference)),
      ("outcome", .string(difference.outcome(isHigherBetter: comparison.isHigherBetter).rawValue)),
    ])
  }

  private static func object(_ members: [(String, JSON)]) -> JSON { .object(JSONObject(members)) }
}
