import Files

/// Which training cases are known to be annotated right: the `clean_cases` of a plan's `training`.
public enum CleanCases: Sendable, Equatable {
  /// Their names.
  case names([String])
  /// A column of `groups.csv` that has `yes` for them.
  case column(String)

  /// Reads the key of an object; `nil` where it is absent.
  ///
  /// - Throws: `InputError` when it is neither a list of names nor a name.
  init?(_ fields: JSONFields) throws {
    let key = "clean_cases"
    guard let value = fields.object[key], value != .null else { return nil }
    if let column = try? fields.string(key) {
      self = .column(column)
    } else if let names = try? fields.strings(key), !names.isEmpty {
      self = .names(names)
    } else {
      throw fields.error(
        key, found: "neither", expected: "a list of the names of cases, or the name of a column of groups.csv")
    }
  }

  var json: JSON {
    switch self {
    case .names(let names): .array(names.map(JSON.string))
    case .column(let column): .string(column)
    }
  }
}
