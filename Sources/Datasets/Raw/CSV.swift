import Foundation

/// Tables in text files, as spreadsheets write them.
public enum CSV {
  /// Splits a table at commas; quoted cells may hold commas and doubled quotes. Empty lines are left out; lines count from 1.
  public static func rows(_ text: String) -> [(line: Int, fields: [String])] {
    var text = text.replacingOccurrences(of: "\r\n", with: "\n")
    if text.hasPrefix("\u{FEFF}") { text.removeFirst() }
    return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap { number, line in
      if line.allSatisfy(\.isWhitespace) { return nil }
      var fields = [""]
      var quoted = false
      var previous: Character?
      for character in line {
        if character == "\"" {
          if !quoted, previous == "\"" { fields[fields.count - 1].append("\"") }
          quoted.toggle()
        } else if character == ",", !quoted {
          fields.append("")
        } else {
          fields[fields.count - 1].append(character)
        }
        previous = character
      }
      return (number + 1, fields.map { $0.trimmingCharacters(in: .whitespaces) })
    }
  }
}
