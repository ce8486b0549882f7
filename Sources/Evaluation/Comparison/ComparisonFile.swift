import Files
import Statistics

/// A comparison as JSON.
enum ComparisonFile {
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
