import Datasets
import Evaluation
import Files
import Foundation
import Reports
import Statistics
import Training

extension Reader {
  /// Tables of comma-separated values.
  static var tables: [(name: String, make: (Workbench) throws -> Reader)] {
    [
      (
        "csv",
        { bench in
          Reader("csv", texts: ["a,b\r\n1, \"x\"\"y\n\" ,3\n\n", SampleTables.groupTable]) { bytes in
            let rows = try CSV.rows(contentsOf: bench.put(bytes, "a.csv")).map(\.cells)
            guard try CSV.rows(CSV.text(rows), file: "a.csv").map(\.cells) == rows else {
              throw WrongResult("another table after writing")
            }
          }
        }
      ),
      (
        "groups",
        { bench in
          Reader("groups", texts: [SampleTables.groupTable, "case,weight\ncase_0,0.5\ncase_1,2\n"]) { bytes in
            let table = try CaseTable(contentsOf: bench.put(bytes, "groups.csv"))
            for column in table.columns { _ = table.caseNames.map { table.value(column, of: $0) } }
            _ = table.categoricalColumns
          }
        }
      ),
      (
        "scores",
        { bench in
          Reader("scores", texts: [SampleTables.scores, SampleTables.foreignScores]) { bytes in
            let url = try bench.put(bytes, "cases.csv")
            var distance = ScoreColumns()
            distance.score = "HD95"
            let table = try ScoreTable(contentsOf: url, columns: ScoreColumns())
            // Summaries take many times as long as reading.
            guard bytes.count % 8 == 0 else { return }
            try use(table)
            try Workbench.further { try use(ScoreTable(contentsOf: url, columns: distance)) }
          }
        }
      ),
      (
        "visits",
        { bench in
          let settings = SampleTables.samplers.indices.filter { $0 % 3 == 0 }.map { SampleTables.samplers[$0] }
          let samplers = try settings.map(SampleTables.settings)
          return Reader("visits", texts: [SampleTables.visits]) { bytes in
            let table = try VisitTable(contentsOf: bench.put(bytes, "visits.csv"))
            for sampler in samplers {
              try Workbench.further {
                _ = try SamplerReplay(table, settings: sampler, groups: SampleTables.groups, seed: 1, parts: 2)
              }
            }
          }
        }
      ),
      (
        "log",
        { bench in
          let folder = try bench.subfolder("fold_0")
          try folder.put(SampleTables.sampler, "sampler.csv")
          return Reader("log", texts: [SampleTables.log]) { bytes in
            try folder.put(bytes, "log.csv")
            try report(TrainingRun(folder: folder.folder), isShown: bytes.count % 8 == 0, bench)
          }
        }
      ),
      (
        "sampler",
        { bench in
          let folder = try bench.subfolder("fold_0")
          try folder.put(SampleTables.log, "log.csv")
          return Reader("sampler", texts: [SampleTables.sampler, SampleTables.scores]) { bytes in
            let url = try folder.put(bytes, "sampler.csv")
            guard try HardnessScores(url).scores.values.allSatisfy({ !$0.isNaN }) else {
              throw WrongResult("a score that is not a number")
            }
            try Workbench.further {
              try report(TrainingRun(folder: folder.folder), isShown: bytes.count % 8 == 0, bench)
            }
          }
        }
      ),
    ]
  }

  /// The page that shows a training.
  private static func report(_ run: TrainingRun, isShown: Bool, _ bench: Workbench) throws {
    guard isShown else { return }
    let scores = bench.file("cases.csv")
    if !FileManager.default.fileExists(atPath: scores.path) { try bench.put(SampleTables.foreignScores, "cases.csv") }
    let page = try Report(
      [ArmSource(name: "a", tables: [scores])], columns: ScoreColumns(), groups: nil, trainings: [run], slices: nil,
      bootstrap: Bootstrap(resamples: 5))
    _ = try page.html()
  }

  /// Summarizes the scores, and compares them with themselves.
  private static func use(_ table: ScoreTable) throws {
    let summary = RobustSummary([table], bootstrap: Bootstrap(resamples: 5))
    _ = (summary.tables(), summary.json().text)
    let arms = ["a", "b"].map { ComparisonArm(name: $0, runs: [table]) }
    let comparison = try Comparison(arms, bootstrap: Bootstrap(resamples: 5, method: .percentile))
    _ = (comparison.text(), comparison.json().text, comparison.verdicts)
  }
}
