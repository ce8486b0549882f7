import Foundation

/// Files that the system makes when they are read, as in `/proc`.
enum SystemFile {
  /// The text of a file; empty when there is no such file.
  ///
  /// Such files have the size 0, by which `String(contentsOfFile:)` would read only a beginning of them.
  static func text(_ path: String) -> String {
    let data = try? FileHandle(forReadingAtPath: path)?.readToEnd()
    return String(decoding: data ?? Data(), as: UTF8.self)
  }
}
