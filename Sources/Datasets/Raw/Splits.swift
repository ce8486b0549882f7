import Files
import Foundation
import Statistics

/// The folds of a cross-validation, made by nnU-Net's rule or read from `splits_final.json`.
public enum Splits {
  /// The number of folds that nnU-Net makes.
  public static let count = 5

  /// Makes nnU-Net's five folds.
  ///
  /// The sorted case names are permuted with seed 12345, and the permutation is cut into five parts. Part k is the
  /// validation set of fold k. The first n mod 5 parts are one case longer.
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

  /// Reads the folds from a file if it exists, and otherwise makes nnU-Net's five.
  ///
  /// - Parameters:
  ///   - caseNames: The names of all cases.
  ///   - file: The path of a `splits_final.json`, which need not exist.
  /// - Throws: `InputError` when the file is unusable or names unknown cases, or when there are too few cases.
  public static func folds(_ caseNames: [String], file: URL?) throws -> [Split] {
    guard let file, FileManager.default.fileExists(atPath: file.path) else { return try folds(caseNames) }
    return try read(file, caseNames: caseNames)
  }

  /// The training and validation cases of a fold.
  ///
  /// nnU-Net trains a fold beyond the last on a random 80 % of the cases, with nothing but a line in its log. Patients
  /// of the test set can be among them, so that such a fold is refused here.
  ///
  /// - Parameters:
  ///   - fold: The fold.
  ///   - caseNames: The names of all cases.
  ///   - file: The path of a `splits_final.json`, which need not exist.
  /// - Throws: `InputError` when there is no such fold, when the file is unusable or names unknown cases, or when there
  ///   are too few cases.
  public static func split(_ fold: Fold, of caseNames: [String], file: URL? = nil) throws -> Split {
    let names = caseNames.sorted()
    guard case .number(let number) = fold else { return Split(training: names, validation: names) }
    let splits = try folds(names, file: file)
    guard number < splits.count else {
      throw InputError(
        "--fold", found: "\(number)", expected: splits.count == 1 ? "0, or all" : "0 to \(splits.count - 1), or all",
        advice: "Other folds can be written into splits_final.json.")
    }
    return splits[number]
  }

  private static func split(_ names: [String], isValidation: (Int) -> Bool) -> Split {
    Split(
      training: names.indices.filter { !isValidation($0) }.map { names[$0] },
      validation: names.indices.filter(isValidation).map { names[$0] })
  }

  /// Reads a `splits_final.json`.
  ///
  /// - Parameters:
  ///   - url: The file.
  ///   - caseNames: The names of all cases.
  /// - Throws: `InputError` when the file is not a list of `{"train": […], "val": […]}`, when a fold has no training
  ///   case, or when it names an unknown case.
  public static func read(_ url: URL, caseNames: [String]) throws -> [Split] {
    guard case .array(let values) = try JSON.read(url), !values.isEmpty else {
      throw InputError(url.path, found: "no list of folds", expected: "[{\"train\": […], \"val\": […]}, …]")
    }
    let known = Set(caseNames)
    return try values.enumerated().map { number, value in
      let fields = try JSONFields(value, file: url.path, path: "fold \(number)")
      let split = Split(training: try fields.strings("train"), validation: try fields.strings("val"))
      if let unknownCase = (split.training + split.validation).first(where: { !known.contains($0) }) {
        throw InputError(url.path, found: "case \(unknownCase) in fold \(number)", expected: "cases of the data set")
      }
      guard !split.training.isEmpty else {
        throw InputError(url.path, found: "no training case in fold \(number)", expected: "at least one")
      }
      var seen: Set<String> = []
      for name in split.training + split.validation where !seen.insert(name).inserted {
        throw InputError(
          url.path, found: "case \(name) twice in fold \(number)", expected: "each case once, in train or in val",
          advice: "A validation on training cases says nothing about other patients.")
      }
      return split
    }
  }

  /// Writes a `splits_final.json`, replacing the file as a whole.
  ///
  /// - Throws: `InputError` when the file cannot be written.
  public static func write(_ splits: [Split], to url: URL) throws {
    let folds = splits.map { split in
      JSON.object(JSONObject([("train", .strings(split.training)), ("val", .strings(split.validation))]))
    }
    try AtomicFile.replace(url, with: JSON.array(folds).text)
  }
}
