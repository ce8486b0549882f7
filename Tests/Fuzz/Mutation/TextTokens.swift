/// The tokens of a text: numbers, strings, words and punctuation, without blanks.
struct TextTokens {
  /// The bytes of each token.
  private(set) var ranges: [Range<Int>] = []
  /// The indices of the tokens that are numbers.
  private(set) var numbers: [Int] = []
  /// The indices of the tokens with which a value or a key begins.
  private(set) var values: [Int] = []
  private let text: [UInt8]

  init(_ text: [UInt8]) {
    self.text = text
    var position = 0
    while position < text.count {
      let start = position
      let first = text[position]
      position += 1
      if first == UInt8(ascii: "\"") {
        while position < text.count, text[position] != UInt8(ascii: "\"") {
          position += text[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        position = min(text.count, position + 1)
      } else if first.isNumeric {
        while position < text.count, text[position].isNumeric || text[position] | 0x20 == UInt8(ascii: "e") {
          position += 1
        }
        numbers.append(ranges.count)
      } else if first.isLetter {
        while position < text.count, text[position].isLetter || text[position].isNumeric { position += 1 }
      } else if first <= 0x20 {
        continue
      }
      if !",:]}".utf8.contains(first) { values.append(ranges.count) }
      ranges.append(start..<position)
    }
  }

  private func byte(_ index: Int) -> UInt8 { text[ranges[index].lowerBound] }

  /// The bytes of the value that begins with a token: the token, or all up to the bracket that closes it.
  func value(at index: Int) -> Range<Int> {
    guard "[{".utf8.contains(byte(index)) else { return ranges[index] }
    var depth = 0
    for end in index..<ranges.count {
      if "[{".utf8.contains(byte(end)) { depth += 1 }
      if "]}".utf8.contains(byte(end)) { depth -= 1 }
      if depth == 0 { return ranges[index].lowerBound..<ranges[end].upperBound }
    }
    return ranges[index].lowerBound..<text.count
  }

  /// The bytes of a value, with the colon and the value behind it where the token is a key, and with a comma that
  /// follows.
  func member(at index: Int) -> Range<Int> {
    var last = index
    if index + 2 < ranges.count, byte(index + 1) == UInt8(ascii: ":") { last = index + 2 }
    let end = value(at: last).upperBound
    let next = ranges[last...].first { $0.lowerBound >= end }
    guard let next, text[next.lowerBound] == UInt8(ascii: ",") else { return ranges[index].lowerBound..<end }
    return ranges[index].lowerBound..<next.upperBound
  }
}

extension UInt8 {
  fileprivate var isNumeric: Bool { "+-.0123456789".utf8.contains(self) }
  fileprivate var isLetter: Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= self | 0x20 || self == UInt8(ascii: "_") || self >= 0x80
  }
}
