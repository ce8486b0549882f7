import Files
import Foundation
import Plans

/// A folder of preprocessed cases: `CASE.safetensors`, copies of `plans.json` and `dataset.json`, and `cases.json`, which lists the
/// cases and is written last, so that an interrupted preprocessing is noticed.
public struct PreprocessedStore: Sendable {
  public let folder: URL
  /// The plan the cases were made by.
  public let plan: Plan
  public let description: DatasetDescription
  /// In order of their names.
  public let caseNames: [String]

  /// Opens a folder; the cases themselves are opened by `case`.
  ///
  /// - Throws: `InputError` when it is not a preprocessed data set, or not a complete one.
  public init(_ folder: URL) throws {
    let index = Self.index(folder)
    guard Self.exists(in: folder) else {
      throw InputError(
        folder.path, found: "no cases.json", expected: "a completely preprocessed data set",
        advice: "Run hwsseg preprocess; if it was interrupted, run it again.")
    }
    caseNames = try JSONFields(JSON.read(index), file: index.path).strings("cases")
    guard caseNames.allSatisfy({ !$0.isEmpty && !$0.contains("/") }) else {
      throw InputError(index.path, found: "an unusable case name", expected: "names of files in this folder")
    }
    plan = try Plan.read(folder.appendingPathComponent("plans.json"))
    description = try DatasetDescription(contentsOf: folder.appendingPathComponent("dataset.json"))
    self.folder = folder
  }

  /// Whether a folder holds a completely preprocessed data set.
  public static func exists(in folder: URL) -> Bool { FileManager.default.fileExists(atPath: index(folder).path) }

  static func index(_ folder: URL) -> URL { folder.appendingPathComponent("cases.json") }

  static func file(_ caseName: String, in folder: URL) -> URL {
    folder.appendingPathComponent(caseName + ".safetensors")
  }

  /// Maps a case.
  ///
  /// - Throws: `InputError` when the folder does not have it, or when its file is damaged.
  public func `case`(_ name: String) throws -> StoredCase {
    guard caseNames.contains(name) else {
      throw InputError(
        folder.path, found: "no case \(name)", expected: "it among the \(caseNames.count) preprocessed cases",
        advice: "Preprocess the data set again.")
    }
    return try StoredCase(contentsOf: Self.file(name, in: folder), name: name, description: description)
  }

  /// Checks that `plan` would preprocess the data in the same way: axis order, spacing, normalization and resampling. Patch, batch and
  /// network may differ.
  ///
  /// - Throws: `InputError` naming what differs.
  public func check(_ plan: Plan) throws {
    let (mine, wanted) = (self.plan.configuration, plan.configuration)
    func check<Value: Equatable>(_ what: String, _ mine: Value, _ wanted: Value) throws {
      guard mine == wanted else {
        throw InputError(
          folder.path, found: "data preprocessed with \(what) \(mine)", expected: "\(wanted), as in the plan",
          advice: "Preprocess the data set with this plan.")
      }
    }
    try check("axis order", self.plan.transposeForward, plan.transposeForward)
    try check("spacing", mine.spacing, wanted.spacing)
    try check("normalization", mine.normalizationSchemes, wanted.normalizationSchemes)
    try check("use_mask_for_norm", mine.useMaskForNorm, wanted.useMaskForNorm)
    try check("resampling of images", mine.dataResampling, wanted.dataResampling)
    try check("resampling of labels", mine.segmentationResampling, wanted.segmentationResampling)
    if wanted.normalizationSchemes.contains("CTNormalization") {
      try check("intensities", self.plan.intensityProperties, plan.intensityProperties)
    }
  }
}
