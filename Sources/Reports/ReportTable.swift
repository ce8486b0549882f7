import Evaluation
import Statistics

/// A table of the page, as its template shows it. The names of the properties are those in the template.
struct ReportTable {
  struct Column {
    let name: String
    let isNumber: Bool
    /// What the small type in the cells is, such as an interval.
    var smallName: String?
  }

  struct Cell {
    let text: String
    /// What stands below in small type.
    var small: String?
    /// What the column is sorted by, for numbers, as JavaScript reads it.
    let sortKey: String?

    init(_ text: String, _ number: Double? = nil, small: String? = nil) {
      self.text = text
      self.small = small
      sortKey = number.map { $0.isFinite ? String($0) : "-Infinity" }
    }

    /// A number, or a dash for none.
    init(number: Double, decimals: Int, signed: Bool = false) {
      self.init(TextTable.number(number, decimals: decimals, signed: signed), number)
    }

    /// A figure with its interval below.
    init(_ estimate: Estimate, decimals: Int, signed: Bool = false) {
      self.init(number: estimate.value, decimals: decimals, signed: signed)
      small = estimate.interval.map {
        [$0.lower, $0.upper].map { TextTable.number($0, decimals: decimals, signed: signed) }
          .joined(separator: " to ")
      }
    }

    /// A share in percent with its interval below.
    init(share: Estimate) {
      func percent(_ value: Double) -> String { TextTable.number(100 * value, decimals: 1) }
      self.init(percent(share.value) + " %", share.value)
      small = share.interval.map { "\(percent($0.lower)) to \(percent($0.upper))" }
    }
  }

  struct Row {
    let cells: [Cell]
    /// Whether the figures rest on a handful of cases.
    var saysLittle = false
  }

  let caption: String
  let columns: [Column]
  let rows: [Row]

  /// Columns of text, then columns of numbers with their intervals.
  static func columns(_ texts: [String], numbers: [String], small: String? = nil) -> [Column] {
    texts.map { Column(name: $0, isNumber: false) }
      + numbers.map { Column(name: $0, isNumber: true, smallName: small) }
  }
}
