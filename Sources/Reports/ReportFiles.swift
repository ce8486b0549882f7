import Evaluation
import Files
import Foundation

/// The files beside the page with everything that it shows.
///
/// Statistics and comparisons are those of `robust.json` and `hwsseg compare --json`, in the same form. The scores of
/// the cases are a table that can be reported and compared again.
struct ReportFiles {
  /// The page.
  let page: URL

  /// All figures and the scores of each case.
  var json: URL { file(".json") }
  /// All figures, one in each row.
  var figures: URL { file(".csv") }
  /// The scores of each case.
  var cases: URL { file("_cases.csv") }

  /// - Throws: `InputError` when a file to write would be the page itself, or one that the page is made from.
  func check(_ sources: [ArmSource]) throws {
    let read = Set(sources.flatMap(\.tables).map(\.standardizedFileURL.path))
    for file in [json, figures, cases] where read.union([page.standardizedFileURL.path]).contains(file.path) {
      throw InputError(
        page.path, found: "\(file.lastPathComponent), which would be replaced", expected: "a page of another name",
        advice: "The figures are written beside the page, such as report.csv beside report.html.")
    }
  }

  private func file(_ ending: String) -> URL {
    let stem = page.deletingPathExtension()
    return stem.deletingLastPathComponent().appendingPathComponent(stem.lastPathComponent + ending).standardizedFileURL
  }
}

extension Report {
  /// All figures of the page, and the scores of each case.
  func json() -> JSON {
    object([
      (
        "arms",
        .array(
          zip(sources, summaries).map { source, summary in
            object([
              ("name", .string(source.name)), ("tables", .strings(source.tables.map(\.relativePath))),
              ("robust", summary.json()),
            ])
          })
      ),
      ("comparisons", object(scores.compactMap { score in score.comparison.map { (score.name, $0.json()) } })),
      ("cases", .strings(scores[0].caseNames)),
      (
        "groups",
        object(
          scores[0].groupings.map { grouping in
            (grouping.column, .array(scores[0].caseNames.map { grouping.groups[$0].map { .string($0) } ?? .null }))
          })
      ), ("scores", object(scores.map { ($0.name, json($0)) })),
      (
        "trainings",
        .array(
          zip(trainingNames, trainings).map { name, training in
            object([("name", .string(name)), ("files", .strings(training.files.map(\.relativePath)))])
          })
      ),
    ])
  }

  /// The scores of each case in the order of the cases, by method and label.
  private func json(_ score: ReportScore) -> JSON {
    object(
      score.arms.indices.map { arm in
        (
          score.arms[arm].name,
          object(score.targets.map { ($0.name, .numbers(score.scores($0, of: arm))) })
        )
      })
  }

  private func object(_ members: [(String, JSON)]) -> JSON { .object(JSONObject(members)) }

  /// The rows of `robust.csv` for each method, then those of the comparisons.
  func figures() -> String {
    var rows = [["arm"] + RobustFile.columns]
    for (source, summary) in zip(sources, summaries) {
      rows += RobustFile.rows(summary).map { [source.name] + $0 }
    }
    for comparison in scores.compactMap(\.comparison) {
      for difference in comparison.differences {
        rows += ComparisonFile.rows(difference, comparison).map { ["\(difference.arm) - \(difference.baseline)"] + $0 }
      }
    }
    return CSV.text(rows)
  }

  /// One row for each method, case and label, with every score.
  func cases() -> String {
    let (first, groupings) = (scores[0], scores[0].groupings)
    var rows = [["arm", "case"] + groupings.map(\.column) + ["label"] + scores.map(\.name)]
    for arm in first.arms.indices {
      for (index, name) in first.caseNames.enumerated() {
        for target in first.targets.suffix(first.summaries[0].table.labels.count) {
          let values = scores.map { $0.scores(target, of: arm)[index] }
          rows.append(
            [first.arms[arm].name, name] + groupings.map { $0.groups[name] ?? "" } + [target.name]
              + values.map { $0.isNaN ? "NaN" : String($0) })
        }
      }
    }
    return CSV.text(rows)
  }
}
