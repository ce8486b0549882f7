import Foundation
import TestSupport
import Testing

@testable import Reports

/// Protects what only a browser shows: scripts run, plots are drawn, tables sort, and a phone need not scroll sideways.
@Suite(.enabled(if: Browser.program != nil, "\(Browser.absence)")) struct BrowserTests {
  private func page(in folder: URL) throws -> String {
    let study = SampleStudy(folder: folder)
    let folders = [try study.evaluation("a"), try study.evaluation("b", gain: 0.2)]
    for predictions in folders {
      try study.volumes(of: (0..<20).map(SampleStudy.name), predictions: predictions, shift: 1)
    }
    return try Report(
      folders.map(CaseScores.init(folder:)), trainings: [TrainingRun(folder: study.training())],
      slices: SliceFolders(
        images: folder.appendingPathComponent("imagesTr"), reference: folder.appendingPathComponent("labelsTr"))
    ).html()
  }

  @Test(arguments: [1280, 500]) func everythingIsDrawn(width: Int) throws {
    try withTemporaryFolder { folder in
      let (result, console) = try Browser.run(
        page(in: folder), width: width,
        script: """
          document.querySelectorAll("details").forEach((details) => (details.open = true));
          const plots = [...document.querySelectorAll("figure svg")];
          const drawn = plots.filter((plot) => plot.getBBox().width > 300 && plot.querySelector(".line, .dot path"));
          const slices = [...document.querySelectorAll(".slice image")].filter((image) => image.getBBox().width > 10);
          const wide = document.documentElement.scrollWidth > window.innerWidth;
          return [plots.length, drawn.length, slices.length, wide].join(" ");
          """, in: folder)
      #expect(console == [])
      #expect(result == "23 23 60 false")
    }
  }

  @Test func tablesSort() throws {
    try withTemporaryFolder { folder in
      let (result, console) = try Browser.run(
        page(in: folder), width: 1280,
        script: """
          const table = document.querySelectorAll("details table")[1];
          const texts = (column) => [...table.tBodies[0].rows].map((row) => row.cells[column].textContent);
          const column = [...table.tHead.rows[0].cells].findIndex((head) => head.textContent === "mean");
          const button = table.tHead.rows[0].cells[column].querySelector("button");
          const states = [texts(column)];
          for (let click = 0; click < 2; click++) { button.click(); states.push(texts(column)); }
          return JSON.stringify(states);
          """, in: folder)
      #expect(console == [])
      let states = try JSONDecoder().decode([[String]].self, from: Data(result.utf8))
      let numbers = try states.map { try $0.map { try #require(Double($0)) } }
      #expect(numbers[0].count == 12 && numbers[0] != numbers[0].sorted())
      #expect(numbers[1] == numbers[0].sorted())
      #expect(numbers[2] == numbers[0].sorted(by: >))
    }
  }

  /// Without this, a browser that hides its errors would let the tests above pass.
  @Test func errorsOfScriptsAreSeen() throws {
    try withTemporaryFolder { folder in
      let (_, console) = try Browser.run(
        "<body><script>nothing()</script></body>", width: 500, script: "return ''", in: folder)
      #expect(console.count == 1)
    }
  }
}
