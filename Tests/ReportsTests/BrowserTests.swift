import Files
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
      SampleStudy.sources(folders[0], folders[1]), trainings: [TrainingRun(folder: study.training())],
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
          const table = document.querySelector("#summary details:last-of-type table");
          const texts = (column) => [...table.tBodies[0].rows].map((row) => row.cells[column].firstChild.textContent);
          const column = [...table.tHead.rows[0].cells].findIndex((head) => head.textContent === "mean");
          const button = table.tHead.rows[0].cells[column].querySelector("button");
          const states = [texts(column)];
          for (let click = 0; click < 2; click++) { button.click(); states.push(texts(column)); }
          return JSON.stringify(states);
          """, in: folder)
      #expect(console == [])
      let states = try JSONDecoder().decode([[String]].self, from: Data(result.utf8))
      let numbers = try states.map { try $0.map { try #require(Double($0)) } }
      #expect(numbers[0].count == 18 && numbers[0] != numbers[0].sorted())
      #expect(numbers[1] == numbers[0].sorted())
      #expect(numbers[2] == numbers[0].sorted(by: >))
    }
  }

  /// A saved table has the small type in columns of its own.
  @Test func tablesAreSaved() throws {
    try withTemporaryFolder { folder in
      let (result, console) = try Browser.run(
        page(in: folder), width: 1280,
        script: """
          let saved = "";
          window.Blob = class { constructor(parts) { saved = parts.join(""); } };
          URL.createObjectURL = () => "#";
          HTMLAnchorElement.prototype.click = () => {};
          document.querySelector("#summary table .save").click();
          return saved;
          """, in: folder)
      #expect(console == [])
      let rows = try CSV.rows(result, file: "saved").map(\.cells)
      #expect(rows[0].prefix(5) == ["cases", "method", "n", "mean", "mean, 95 % interval"])
      #expect(rows[0].suffix(2) == ["worst", "worst, worst case"])
      #expect(rows.count == 1 + 3 * 2 && rows.allSatisfy { $0.count == rows[0].count })
      #expect(Double(rows[1][3]) != nil && rows[1][4].contains(" to ") && rows[1].last == "case_0005")
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
