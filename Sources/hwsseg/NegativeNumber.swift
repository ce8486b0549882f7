import Files

/// A negative number after an option.
///
/// No option takes one. The parser takes its minus sign for that of another option and misses the value.
enum NegativeNumber {
  /// The first option that a negative number follows, among numbers or by itself, as an error.
  static func error(in arguments: [String]) -> InputError? {
    var option: String?
    for argument in arguments {
      if let option, argument.wholeMatch(of: /-\.?[0-9].*/) != nil {
        return InputError(option, found: argument, expected: "a number that is not negative")
      }
      if argument.hasPrefix("-") { option = argument } else if Double(argument) == nil { option = nil }
    }
    return nil
  }
}
