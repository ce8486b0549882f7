import Files
import Foundation
import Statistics

/// Which cases a fold learns from and which it is judged by.
public struct Split: Sendable, Equatable {
  public let training: [String]
  public let validation: [String]

  public init(training: [String], validation: [String]) {
    self.training = training
    self.validation = validation
  }
}

/// A member of a cross-validation, or all cases at once.
public enum Fold: Sendable, Equatable, CustomStringConvertible {
  case number(Int)
  /// Every case is trained on, and validated on.
  case all

  /// Reads `0`, `1`, …, or `all`.
  ///
  /// - Throws: `InputError` for anything else.
  public init(_ text: String) throws {
    if text == "all" {
      self = .all
    } else if let number = Int(text), number >= 0 {
      self = .number(number)
    } else {
      throw InputError("--fold", found: "\"\(text)\"", expected: "0, 1, 2, 3, 4 or all")
    }
  }

  public var description: String {
    switch self {
    case .number(let number): String(number)
    case .all: "all"
    }
  }
}

/// nnU-Net's cross-validation.
public enum Splits {
  /// Folds of a cross-validation.
  public static let count = 5

  /// Five folds of the cases, equal to those nnU-Net makes: a permutation of the sorted names with seed 12345, cut
  /// into five.
  ///
  /// - Throws: `InputError` for fewer than five cases.
  public static func folds(_ caseNames: [String]) throws -> [Split] {
    let names = caseNames.sorted()
    guard names.count >= count else {
      throw InputError(
        "cross-validation", found: "\(names.count) cases", expected: "at least \(count)",
        advice: "Train on all cases (--fold all), or put a splits_final.json beside dataset.json.")
    }
    var random = NumPyRandom(seed: 12345)
    let order = random.permutation(names.count)
    var start = 0
    return (0..<count).map { fold in
      let end = start + names.count / count + (fold < names.count % count ? 1 : 0)
      let validation = Set(order[start..<end])
      start = end
      return split(names) { validation.contains($0) }
    }
  }

  /// The folds of `file` (`splits_final.json`) when it exists, otherwise nnU-Net's own.
  ///
  /// - Throws: `InputError` when the file is unusable or names cases that do not exist, or when there are too few
  ///   cases.
  public static func folds(_ caseNames: [String], file: URL?) throws -> [Split] {
    guard let file, FileManager.default.fileExists(atPath: file.path) else { return try folds(caseNames) }
    return try read(file, caseNames: caseNames)
  }

  /// The split of a fold: from `file` (`splits_final.json`) when it exists, otherwise nnU-Net's own. A fold beyond the
  /// last is, as in nnU-Net, a random 80 % of the cases with seed 12345 + fold.
  ///
  /// - Throws: `InputError` when the file is unusable or names cases that do not exist, or when there are too few
  ///   cases.
  public static func split(_ fold: Fold, of caseNames: [String], file: URL? = nil) throws -> Split {
    let names = caseNames.sorted()
    guard case .number(let number) = fold else { return Split(training: names, validation: names) }
    let splits = try folds(names, file: file)
    if number < splits.count { return splits[number] }
    guard number < 1_000_000, names.count > 1 else {
      throw InputError("--fold", found: "\(number)", expected: "0 to \(splits.count - 1), or all")
    }
    var random = NumPyRandom(seed: 12345 + UInt32(number))
    let training = Set(random.choice(names.count, Int(0.8 * Double(names.count))))
    return split(names) { !training.contains($0) }
  }

  private static func split(_ names: [String], isValidation: (Int) -> Bool) -> Split {
    Split(
      training: names.indices.filter { !isValidation($0) }.map { names[$0] },
      validation: names.indices.filter(isValidation).map { names[$0] })
  }

  /// Reads `splits_final.json`.
  ///
  /// - Throws: `InputError` when it is no list of `{"train": […], "val": […]}`, when a list is empty or names a case
  ///   not in `caseNames`.
  public static func read(_ url: URL, caseNames: [String]) throws -> [Split] {
    guard case .array(let values) = try JSON.read(url), !values.isEmpty else {
      throw InputError(url.path, found: "no list of folds", expected: "[{\"train\": […], \"val\": […]}, …]")
    }
    let known = Set(caseNames)
    return try values.enumerated().map { number, value in
      let fields = try JSONFields(value, file: url.path, path: "fold \(number)")
      let split = Split(training: try fields.strings("train"), validation: try fields.strings("val"))
      if let stranger = (split.training + split.validation).first(where: { !known.contains($0) }) {
        throw InputError(url.path, found: "case \(stranger) in fold \(number)", expected: "cases of the data set")
      }
      guard !split.training.isEmpty else {
        throw InputError(url.path, found: "no training case in fold \(number)", expected: "at least one")
      }
      return split
    }
  }

  /// Writes `splits_final.json`.
  public static func write(_ splits: [Split], to url: URL) throws {
    let folds = splits.map { split in
      JSON.object(JSONObject([("train", .strings(split.training)), ("val", .strings(split.validation))]))
    }
    try AtomicFile.replace(url, with: JSON.array(folds).text)
  }
}
