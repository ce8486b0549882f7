import Foundation

/// A table of the page, as its template shows it. The names of the properties are those in the template.
struct ReportTable {
  struct Column {
    let name: String
    let isNumber: Bool
  }

  struct Cell {
    let text: String
    /// What the column is sorted by, for numbers, as JavaScript reads it.
    let sortKey: String?

    init(_ text: String, _ number: Double? = nil) {
      self.text = text
      sortKey = number.map { $0.isFinite ? String($0) : "-Infinity" }
    }

    /// A number, or a dash for none.
    init(number: Double, decimals: Int) {
      if number.isNaN {
        self.init("–", number)
      } else {
        self.init(String(format: "%.\(decimals)f", number), number)
      }
    }
  }

  struct Row {
    let cells: [Cell]
  }

  let caption: String
  let columns: [Column]
  let rows: [Row]
}
