import Foundation
import Testing

@testable import Files

/// Protects the reading of JSON: the order of keys, Python's NaN, and the refusal of everything malformed.
@Suite struct JSONTests {
  private func parse(_ text: String) throws -> JSON { try JSON.parse(Data(text.utf8), file: "f.json") }

  @Test func valuesAndOrder() throws {
    let value = try parse(#"{"b": [1, 2.5, -3e2], "a": {"x": null, "y": true}, "s": "ä\n\u00e9\ud83d\ude00"}"#)
    let expected = JSON.object(
      JSONObject([
        ("b", .array([.integer(1), .number(2.5), .number(-300)])),
        ("a", .object(JSONObject([("x", .null), ("y", .bool(true))]))),
        ("s", .string("ä\né😀")),
      ]))
    #expect(value == expected)
    #expect(try parse(value.text) == value)
  }

  @Test func members() {
    var object = JSONObject([("a", .integer(1)), ("b", .integer(2)), ("a", .integer(3))])
    #expect(object.keys == ["a", "b"])
    #expect(object["a"] == .integer(3))
    object["a"] = nil
    object["c"] = .null
    #expect(object.keys == ["b", "c"])
    #expect(object["b"] == .integer(2))
  }

  /// Every form of a number that JSON allows, and those that Python writes.
  @Test(arguments: [("0", 0), ("-0", 0), ("12", 12), ("-1.50", -1.5), ("1E+2", 100), ("25e-1", 2.5), ("1.0e5", 1e5)])
  func numbers(text: String, value: Double) throws { #expect(try parse(text).double == value) }

  @Test func nanIsUnderstood() throws {
    guard case .number(let number) = try parse("NaN") else {
      throw InputError("NaN", found: "no number", expected: "one")
    }
    #expect(number.isNaN)
    #expect(JSON.number(.nan).text == "NaN\n")
  }

  @Test(arguments: [
    "", "{", "[1, 2", "{\"a\" 1}", "{\"a\": 1,}", "[1] 2", "\"abc", "1e999", "01x", "\"\\x\"", "\"\\ud800\"", "tru",
    String(repeating: "[", count: 100_000), "{\"a\": \u{1}}", "-", "\"\\u12\"", "+1", "1.", ".5", "1e", "1e+", "1.5.5",
    "1e5e5", "--1", "1-1", "0x10", "1_000",
  ])
  func malformed(text: String) { #expect(throws: InputError.self) { try parse(text) } }

  @Test func invalidUTF8() {
    #expect(throws: InputError.self) { try JSON.parse(Data([0x22, 0xFF, 0x22]), file: "f.json") }
  }

  @Test func errorsNameTheLine() {
    #expect { try parse("{\n\"a\": ?\n}") } throws: { error in
      (error as? InputError)?.description.contains("line 2") == true
    }
  }
}
