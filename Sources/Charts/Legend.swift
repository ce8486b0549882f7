/// The names of the series or groups of a chart, in rows above its plot.
struct Legend {
  /// One name, and the SVG of its key around the origin.
  struct Entry {
    let name: String
    let key: String
  }

  static let rowHeight = 18.0
  private static let keyWidth = 24.0
  private static let gap = 14.0

  private let rows: [[(entry: Entry, x: Double, label: String)]]

  init(_ entries: [Entry], width: Double) {
    var rows: [[(entry: Entry, x: Double, label: String)]] = []
    var x = Double.infinity
    for entry in entries where !entry.name.isEmpty {
      let label = Lettering.fitted(entry.name, width: width - Self.keyWidth)
      let entryWidth = Self.keyWidth + Lettering.width(label)
      if x + entryWidth > width {
        rows.append([])
        x = 0
      }
      rows[rows.count - 1].append((entry, x, label))
      x += entryWidth + Self.gap
    }
    self.rows = rows
  }

  var height: Double { Double(rows.count) * Self.rowHeight }

  func svg(x left: Double, y top: Double) -> String {
    var result = ""
    for (index, row) in rows.enumerated() {
      let y = top + (Double(index) + 0.5) * Self.rowHeight
      for item in row {
        let x = left + item.x
        result += #"<g transform="translate(\#(SVG.number(x + 9)) \#(SVG.number(y)))">\#(item.entry.key)</g>"#
        result += SVG.text(item.label, "label", x: x + Self.keyWidth, y: y + 4) + "\n"
      }
    }
    return result
  }
}
