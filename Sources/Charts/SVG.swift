import Foundation

/// The pieces of SVG text.
enum SVG {
  /// Text between tags or inside quotes. Characters that XML does not allow become U+FFFD.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result += " "
      case "\u{0}"..<"\u{20}", "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// A coordinate, to a tenth of a unit.
  static func number(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    let (whole, rest) = (abs(tenths) / 10, abs(tenths) % 10)
    return (tenths < 0 ? "-" : "") + String(whole) + (rest == 0 ? "" : "." + String(rest))
  }

  /// A value for people, with four significant digits.
  static func value(_ value: Double) -> String { String(format: "%.4g", value) }

  static func line(_ style: String, x1: Double, y1: Double, x2: Double, y2: Double) -> String {
    #"<path class="\#(style)" d="M\#(number(x1)) \#(number(y1))L\#(number(x2)) \#(number(y2))"/>"#
  }

  static func text(_ text: String, _ style: String, x: Double, y: Double, anchor: String = "start") -> String {
    #"<text class="\#(style)" x="\#(number(x))" y="\#(number(y))" text-anchor="\#(anchor)">"#
      + escaped(text) + "</text>"
  }
}
