/// Sizes of text, estimated, because a chart does not know the font of the reader.
enum Lettering {
  /// Font sizes of labels and headings in units of the view box.
  static let size = 12.0
  static let headingSize = 14.0

  /// The width that a text needs at most in most fonts.
  static func width(_ text: String, size: Double = size) -> Double {
    text.unicodeScalars.reduce(0) { $0 + ($1.value < 0x2E80 ? 0.6 : 1) * size }
  }

  /// The text, cut with an ellipsis where it would be wider.
  static func fitted(_ text: String, width limit: Double, size: Double = size) -> String {
    if width(text, size: size) <= limit { return text }
    var result = ""
    for character in text {
      if width(result + String(character) + "…", size: size) > limit { break }
      result.append(character)
    }
    return result + "…"
  }
}
