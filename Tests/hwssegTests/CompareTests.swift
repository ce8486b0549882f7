import Foundation
import TestSupport
import Testing

/// Protects the verbs that judge scores: the same statistics for our tables and other programs'.
@Suite struct CompareTests {
  /// Twenty patients with two methods, of which the second is better by 0.1.
  private let table =
    "patient,site,method,score\n"
    + (0..<20).map { index in
      let score = 0.5 + 0.01 * Double(index * 7 % 20)
      let site = index % 2 == 0 ? "A" : "B"
      return "p\(index),\(site),old,\(score)\np\(index),\(site),new,\(score + 0.1 + 0.001 * Double(index % 3))\n"
    }.joined()
  private let columns = ["--case-column", "patient", "--group-column", "site", "--score-column", "score"]

  @Test func otherProgramsScores() throws {
    try withTemporaryFolder { folder in
      try folder.put(table, at: "scores.csv")
      let file = folder.appendingPathComponent("scores.csv").path
      let output = folder.appendingPathComponent("out").path
      let evaluated = try Program.run(
        ["evaluate", "--scores", file, "--only", "method=new", "--failure", "0.7", "-o", output] + columns)
      #expect(evaluated.status == 0 && evaluated.output.hasPrefix("score, 20 cases\n"), "\(evaluated.errors)")
      for name in ["robust.json", "robust.csv"] { #expect(FileManager.default.fileExists(atPath: "\(output)/\(name)")) }

      let compare = ["compare", "old", "new", "--scores", file, "--arm-column", "method"] + columns
      let compared = try Program.run(compare)
      #expect(compared.status == 0, "\(compared.errors)")
      let lines = compared.output.split(separator: "\n", omittingEmptySubsequences: false)
      #expect(lines[0] == "new against old, 20 cases paired" && lines.allSatisfy { $0.count <= 100 })
      #expect(lines.prefix(13).contains { $0.hasPrefix("new is better than old in the mean, ") })
      let json = try Program.run(compare + ["--json"])
      let object = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
      #expect(object?["cases"] as? Int == 20)
    }
  }

  @Test(arguments: [
    ["compare", "only"], ["compare", "a", "b", "--scores", "t.csv"], ["compare", "a", "b", "--arm-column", "m"],
    ["compare", "/nowhere/a", "/nowhere/b"], ["evaluate"], ["evaluate", "--scores", "/nowhere.csv"],
    ["evaluate", "--reference", "r"], ["evaluate", "--scores", "t.csv", "--reference", "r", "--prediction", "p"],
    ["evaluate", "--scores", "t.csv", "--only", "method"],
    ["evaluate", "--reference", "r", "--prediction", "p", "--score-column", "HD95"],
  ])
  func wrongUsage(arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.status == 2 && result.errors.count { $0 == "\n" } == 1, "\(result.errors)")
  }
}
