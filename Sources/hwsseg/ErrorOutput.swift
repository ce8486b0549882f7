import Foundation

/// The standard error.
enum ErrorOutput {
  /// Says in a line what went wrong.
  static func write(_ problem: String) {
    FileHandle.standardError.write(Data("hwsseg: error: \(problem)\n".utf8))
  }
}
