import Foundation

/// Tables of text in aligned columns, at most 100 characters wide.
package enum TextTable {
  /// The width of the terminal that tables are made for.
  static let width = 100

  /// Pads columns to their widest cell: the first column and, on request, the last are aligned left, the others right.
  /// Where the rows are too long, the last column is shortened.
  package static func aligned(_ rows: [[String]], isLastText: Bool = false) -> String {
    let columns = rows.first?.count ?? 0
    let widths = (0..<columns).map { column in rows.map { $0[column].count }.max() ?? 0 }
    let last = max(8, width - widths.dropLast().reduce(0) { $0 + $1 + 2 } - 2)
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        if isLastText && column == columns - 1 { return shortened(cell, to: last) }
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column == 0 ? cell + padding : padding + cell
      }
      let line = "  " + cells.joined(separator: "  ")
      return line.replacingOccurrences(of: " +$", with: "", options: .regularExpression) + "\n"
    }.joined()
  }

  /// Words in lines that fit the width, the later ones indented.
  static func wrapped(_ text: String, indentation: String, width: Int = width) -> String {
    var lines = [""]
    for word in text.split(separator: " ") {
      let line = lines[lines.count - 1]
      if line.isEmpty {
        lines[lines.count - 1] = (lines.count > 1 ? indentation : "") + word
      } else if line.count + 1 + word.count <= width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(indentation + word)
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// A name without its middle when it is too long.
  static func shortened(_ name: String, to limit: Int) -> String {
    guard name.count > limit else { return name }
    let tail = (limit - 1) / 2
    return name.prefix(limit - 1 - tail) + "…" + name.suffix(tail)
  }

  /// A score with three decimals, or with two when scores go beyond 1; a dash for NaN.
  package static func number(_ value: Double, decimals: Int, signed: Bool = false) -> String {
    value.isNaN ? "–" : String(format: signed ? "%+.\(decimals)f" : "%.\(decimals)f", value)
  }

  /// A p-value with three decimals; smaller ones are not told apart.
  package static func pValue(_ value: Double) -> String { value < 0.001 ? "< 0.001" : String(format: "%.3f", value) }
}

extension ScoreTable {
  /// The decimals with which scores are shown: three for scores up to 1, otherwise two.
  package var decimals: Int { values.contains { $0.contains { $0 > 1 } } ? 2 : 3 }
}

extension ScoreTable.Grouping {
  /// A note on the cases that belong to no group; `nil` when there are none.
  package func noteOnOthers(among cases: [String]) -> String? {
    let count = cases.count { groups[$0] == nil }
    guard count > 0 else { return nil }
    return count == 1
      ? "1 case has no \(column) and counts only in the figures over all cases."
      : "\(count) cases have no \(column) and count only in the figures over all cases."
  }
}
