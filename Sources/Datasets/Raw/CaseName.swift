import Files

/// The rule for the names of cases, from which the names of files are made.
enum CaseName {
  /// The longest name in bytes; the file system allows 255 for a name with its endings.
  private static let limit = 200

  /// Checks that files named after a case stay in their folder.
  ///
  /// - Parameters:
  ///   - name: The name of the case.
  ///   - file: Where the name comes from.
  /// - Throws: `InputError` when the name is empty, hidden, too long or a path.
  static func check(_ name: String, in file: String) throws {
    let isPlain = name.unicodeScalars.allSatisfy { $0 != "/" && $0.value >= 32 && $0.value != 127 }
    guard !name.isEmpty, !name.hasPrefix("."), isPlain, name.utf8.count <= limit else {
      let shown = name.utf8.count > 60 ? "\(name.prefix(60))…" : name
      throw InputError(
        file, found: "a case named \"\(shown)\"",
        expected: "names of at most \(limit) bytes without slashes, which do not begin with a period")
    }
  }
}
