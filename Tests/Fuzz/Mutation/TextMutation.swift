/// Changes of texts such as JSON and CSV, which know numbers, strings, members and lines.
enum TextMutation {
  private static let numbers = [
    "0", "-0", "-1", "1", "2", "3", "0.5", "1e400", "-1e400", "1e308", "-1e308", "1e-400", "1e-300", "NaN", "Infinity",
    "-Infinity", "18446744073709551616", "9223372036854775807", "9223372036854775806",
    "-9223372036854775808", "9223372036854775808", "4611686018427387904", "4294967295", "4294967296", "2147483647",
    "2147483648", "-2147483649", "65535", "65536", "32767", "32768", "255", "256", "100", "4096", "100000", "1e9",
    "1000000000", "1e15", "1e18", "1.5", "3.0", "1E+2", "5", "7", "8", "12", "16", "64", "511", "1000", "99999",
    "999999", "0.1", "0.001", "1e-6", "1e-9", "0.999999", "-0.5", "1e5", "1e30", "-1e30", "1e40", "1e100", "1e154",
  ]
  private static let malformed = ["nan", "inf", "01", "+1", "1.", ".5", "0x10", "1e", "", "1_000", "--1", "1 2"]
  private static let values = [
    "null", "true", "false", "\"\"", "\"x\"", "[]", "{}", "[[]]", "[null]", "[1]", "[1, 2]", "[0, 0, 0]",
    "[-1, 1e9, 2]",
    "\"1\"", "\"../x\"", "\"case_0\"", "\"\\ud800\"", "\"\\u0000\"", "{\"a\": 1}", "{\"0\": {}}",
  ]
  private static let stringParts: [[UInt8]] = [
    Array("\\ud800".utf8), Array("\\ud83d\\ude00".utf8), Array("\\u0000".utf8), Array("\\u12".utf8), Array("\\x".utf8),
    Array("\"".utf8), Array("\n".utf8), Array("\r".utf8), Array("\r\n".utf8), Array(",".utf8), Array("/".utf8),
    Array("../".utf8), Array(".".utf8), Array("$HOME".utf8), Array("${".utf8), Array("%s%n".utf8),
    Array("e\u{301}".utf8), Array("\u{FEFF}".utf8), [0], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xE2, 0x82],
    [0xF4, 0x90, 0x80, 0x80], [0x1B], [0x7F],
  ]

  /// Makes one change.
  ///
  /// - Parameter others: Texts from which tokens are taken.
  static func change(_ text: inout [UInt8], others: [[UInt8]], _ random: inout FuzzRandom) {
    let tokens = TextTokens(text)
    guard !tokens.ranges.isEmpty else { return BinaryMutation.change(&text, others: others, &random) }
    let index =
      tokens.values.isEmpty || random.chance(0.1) ? random.below(tokens.ranges.count) : random.pick(tokens.values)
    let token = tokens.ranges[index]
    switch random.below(25) {
    case 0...8:
      guard !tokens.numbers.isEmpty else { return text.replaceSubrange(token, with: random.pick(values).utf8) }
      let number = tokens.ranges[random.pick(tokens.numbers)]
      text.replaceSubrange(number, with: changed(text[number], &random))
    case 9, 10: text.replaceSubrange(tokens.value(at: index), with: random.pick(values + numbers).utf8)
    case 11, 12: text.removeSubrange(tokens.member(at: index))
    case 13, 14:
      let member = tokens.member(at: index)
      let copy = text[member] + [UInt8(ascii: ",")]
      text.insert(contentsOf: copy, at: member.lowerBound)
    case 15, 16:
      let other = tokens.value(at: random.below(tokens.ranges.count))
      text.replaceSubrange(tokens.value(at: index), with: Array(text[other]))
    case 17, 18:
      let other = random.pick(others)
      let foreign = TextTokens(other)
      guard !foreign.ranges.isEmpty else { return }
      text.replaceSubrange(
        tokens.value(at: index), with: other[foreign.value(at: random.below(foreign.ranges.count))])
    case 19: nest(&text, at: tokens.value(at: index), &random)
    case 20: text.insert(contentsOf: random.pick(stringParts), at: random.below(text.count + 1))
    case 21:
      let repeated = Array(repeating: text[token.lowerBound], count: random.pick([2, 100, 5000]))
      text.insert(contentsOf: repeated, at: token.lowerBound)
    case 22, 23: changeLine(&text, &random)
    default: text.removeSubrange(token)
    }
  }

  /// Another number: a special one, or one near the one that is there.
  private static func changed(_ number: ArraySlice<UInt8>, _ random: inout FuzzRandom) -> [UInt8] {
    guard random.chance(0.3), let value = Int(String(decoding: number, as: UTF8.self)) else {
      return Array(random.pick(random.chance(0.1) ? malformed : numbers).utf8)
    }
    return Array(String(random.pick([value &+ 1, value &- 1, value &* 2, 0 &- value, value / 2, value &* 1000])).utf8)
  }

  /// Puts a value into many lists or objects, which do not always end.
  private static func nest(_ text: inout [UInt8], at value: Range<Int>, _ random: inout FuzzRandom) {
    let depth = random.pick([1, 2, 10, 150, 198, 250, 600, 20_000])
    let (open, close) = random.pick([("[", "]"), ("{\"a\":", "}")])
    let end = random.chance(0.7) ? String(repeating: close, count: depth) : ""
    text.insert(contentsOf: end.utf8, at: value.upperBound)
    text.insert(contentsOf: String(repeating: open, count: depth).utf8, at: value.lowerBound)
  }

  /// Doubles, removes or moves a line, or changes how it ends.
  private static func changeLine(_ text: inout [UInt8], _ random: inout FuzzRandom) {
    var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Array.init)
    let line = random.below(lines.count)
    switch random.below(5) {
    case 0: lines.insert(lines[line], at: random.below(lines.count))
    case 1: lines.remove(at: line)
    case 2: lines.swapAt(line, random.below(lines.count))
    case 3: lines[line].append(UInt8(ascii: random.chance(0.5) ? "\r" : ","))
    default: lines[line] = []
    }
    text = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
  }
}
