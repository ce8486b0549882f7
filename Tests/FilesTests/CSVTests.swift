import Foundation
import Statistics
import TestSupport
import Testing

@testable import Files

/// Protects tables: what spreadsheets write is read, and what we write is read back cell by cell.
@Suite struct CSVTests {
  private func cells(_ text: String) throws -> [[String]] { try CSV.rows(text, file: "table.csv").map(\.cells) }

  @Test func plainCells() throws {
    #expect(try cells("a,b,c\n1,2,3\n") == [["a", "b", "c"], ["1", "2", "3"]])
    #expect(try cells("a,b") == [["a", "b"]])
    #expect(try cells("a,,\n,b,\n") == [["a", "", ""], ["", "b", ""]])
    #expect(try cells("") == [])
  }

  @Test func quotedCells() throws {
    #expect(try cells(#""GE, 3T",b"#) == [["GE, 3T", "b"]])
    #expect(try cells(#""say ""hello""","""""#) == [[#"say "hello""#, #"""#]])
    #expect(try cells("\"two\nlines\",b\n\"and\r\ntwo\",c\n") == [["two\nlines", "b"], ["and\r\ntwo", "c"]])
    #expect(try cells(#""",a"#) == [["", "a"]])
    #expect(try cells(#""  kept  ",a"#) == [["  kept  ", "a"]])
    // A quote inside an unquoted cell is a character like others.
    #expect(try cells(#"5" tube,b"#) == [[#"5" tube"#, "b"]])
  }

  @Test func blanksAroundCells() throws {
    #expect(try cells("  a ,\tb\t, c d \n") == [["a", "b", "c d"]])
    #expect(try cells("  \"a, b\"  , c\n") == [["a, b", "c"]])
  }

  @Test func lineEndsAndBlankLines() throws {
    #expect(try cells("a,b\r\n1,2\r\n") == [["a", "b"], ["1", "2"]])
    #expect(try cells("\n\r\na,b\n\n   \n\r\n1,2\n\n") == [["a", "b"], ["1", "2"]])
    #expect(try cells("a,b\r1,2") == [["a", "b"], ["1", "2"]])
  }

  @Test func byteOrderMark() throws {
    #expect(try cells("\u{FEFF}case,group\na,b\n") == [["case", "group"], ["a", "b"]])
    #expect(try cells("\u{FEFF}\"case\"\n") == [["case"]])
  }

  /// Rows have the number of the line that they start in, also after blank lines and quoted line breaks.
  @Test func lineNumbers() throws {
    let rows = try CSV.rows("a\n\nb\r\n\"c\nc\r\nc\",d\ne\n", file: "table.csv")
    #expect(rows.map(\.line) == [1, 3, 4, 7])
  }

  @Test(arguments: [("\"a", 1), ("a\n\nb,\"c\nd\n", 3), ("a,b\n\"c\"\"\n", 2)])
  func openQuotesAreRefused(text: String, line: Int) {
    let error = #expect(throws: InputError.self) { try CSV.rows(text, file: "table.csv") }
    #expect(error?.subject == "table.csv")
    #expect(error?.found.contains("line \(line) ") == true)
  }

  /// Any cells come back as they were, but for a row of a single empty cell, which is a blank line.
  @Test func roundTrip() throws {
    let parts = [
      ",", "\"", "\"\"", "\n", "\r", "\r\n", " ", "\t", "a", "0.5", "ä", "é", "🧠", ";", "'", "#", "\\", "\u{A0}",
      "\u{0}", "long text", "\u{301}", "\u{FEFF}",
    ]
    var random = CounterRandom(seed: 3)
    for _ in 0..<500 {
      let columns = random.integer(2, 5)
      let table = (0..<random.integer(0, 6)).map { _ in
        (0..<columns).map { _ in
          (0..<random.integer(0, 4)).map { _ in parts[random.integer(0, parts.count - 1)] }.joined()
        }
      }
      let text = CSV.text(table)
      // Compared as bytes, because strings that differ in their characters' encoding count as equal.
      let found = try cells(text).map { $0.map { Array($0.utf8) } }
      #expect(found == table.map { $0.map { Array($0.utf8) } }, "\(text)")
    }
  }

  @Test func files() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("table.csv")
      try folder.put("a,\"b\nc\"\n", at: "table.csv")
      #expect(try CSV.rows(contentsOf: file).map(\.cells) == [["a", "b\nc"]])
      try Data([0x61, 0xFF, 0x2C]).write(to: file)
      for unreadable in [file, folder.appendingPathComponent("nothing.csv")] {
        let error = #expect(throws: InputError.self) { try CSV.rows(contentsOf: unreadable) }
        #expect(error?.subject == unreadable.path)
      }
    }
  }
}
