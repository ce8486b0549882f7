import Files
import Foundation

/// A checkpoint of a training whose stored state can be replaced.
struct CheckpointSeed {
  /// The table of the file before and behind the text of the state, and the arrays.
  private let start, end, arrays: [UInt8]

  /// - Parameters:
  ///   - file: The checkpoint.
  ///   - state: The text of the training's state in it.
  init(_ file: [UInt8], state: String) throws {
    let length = file[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    let table = String(decoding: file[8..<8 + length], as: UTF8.self)
    let parts = table.components(separatedBy: Self.quoted(state))
    guard parts.count == 2 else { throw WrongResult("a checkpoint without the state") }
    (start, end, arrays) = (Array(parts[0].utf8), Array(parts[1].utf8), Array(file[(8 + length)...]))
  }

  /// The checkpoint with another state.
  func file(state: [UInt8]) -> [UInt8] {
    let table = start + Self.quoted(String(decoding: state, as: UTF8.self)).utf8 + end
    return withUnsafeBytes(of: UInt64(table.count).littleEndian) { Array($0) } + table + arrays
  }

  private static func quoted(_ text: String) -> String {
    JSON.string(text).text.trimmingCharacters(in: .newlines)
  }
}
