import Files
import Foundation
import NIfTI
import Plans

/// A folder of preprocessed cases.
///
/// It holds `CASE.safetensors` for each case, copies of `plans.json` and `dataset.json`, and the list `cases.json`. The
/// list is written last, so that interrupted preprocessing is noticed.
public struct PreprocessedStore: Sendable {
  /// The folder.
  public let folder: URL
  /// The plan by which the cases were preprocessed.
  public let plan: Plan
  /// The description of the data set.
  public let description: DatasetDescription
  /// The names of the cases, sorted.
  public let caseNames: [String]

  /// Opens a folder without opening the cases, see `case(_:)`.
  ///
  /// - Throws: `InputError` when the folder does not hold a completely preprocessed data set.
  public init(_ folder: URL) throws {
    let index = Self.index(folder)
    guard Self.exists(in: folder) else {
      throw InputError(
        folder.path, found: "no cases.json", expected: "a completely preprocessed data set",
        advice: "Run hwsseg preprocess; if it was interrupted, run it again.")
    }
    caseNames = try JSONFields(JSON.read(index), file: index.path).strings("cases")
    for name in caseNames { try CaseName.check(name, in: index.path) }
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

  /// Opens a case by mapping its file into memory.
  ///
  /// - Throws: `InputError` when there is no such case or its file is damaged.
  public func `case`(_ name: String) throws -> StoredCase {
    guard caseNames.contains(name) else {
      throw InputError(
        folder.path, found: "no case \(name)", expected: "one of the \(caseNames.count) preprocessed cases",
        advice: "Preprocess the data set again.")
    }
    return try StoredCase(contentsOf: Self.file(name, in: folder), name: name, description: description)
  }

  /// Checks that cases of a data set are here, can be opened, and were made from images of the same size.
  ///
  /// - Parameters:
  ///   - names: The names of the cases.
  ///   - dataset: The raw data set that they come from.
  /// - Throws: `InputError` naming the first case at fault.
  public func check(_ names: [String], of dataset: RawDataset) throws {
    let rawCases = Dictionary(uniqueKeysWithValues: dataset.cases.map { ($0.name, $0) })
    for name in names {
      let stored = try self.case(name)
      guard let image = rawCases[name]?.images.first else { continue }
      let shape = try NIfTIFile.readGeometry(image).shape
      let transposed = plan.transposeForward.map { shape[$0] }
      guard stored.properties.shapeBeforeCropping == transposed else {
        throw InputError(
          image.path, found: "an image of \(transposed) voxels",
          expected: "\(stored.properties.shapeBeforeCropping), as when it was preprocessed into \(folder.path)",
          advice: "Preprocess the data set again.")
      }
    }
  }

  /// Checks that a plan asks for the same preprocessing: axis order, spacing, normalization and resampling.
  ///
  /// Patch, batch and network may differ.
  ///
  /// - Throws: `InputError` naming the setting that differs.
  public func check(_ plan: Plan) throws {
    let (stored, requested) = (self.plan.configuration, plan.configuration)
    func check<Value: Equatable>(_ setting: String, _ stored: Value, _ requested: Value) throws {
      guard stored == requested else {
        throw InputError(
          folder.path, found: "data preprocessed with \(setting) \(stored)", expected: "\(requested), as in the plan",
          advice: "Preprocess the data set with this plan.")
      }
    }
    try check("axis order", self.plan.transposeForward, plan.transposeForward)
    try check("spacing", stored.spacing, requested.spacing)
    try check("normalization", stored.normalizationSchemes, requested.normalizationSchemes)
    try check("use_mask_for_norm", stored.useMaskForNorm, requested.useMaskForNorm)
    try check("resampling of images", stored.dataResampling, requested.dataResampling)
    try check("resampling of labels", stored.segmentationResampling, requested.segmentationResampling)
    if requested.normalizationSchemes.contains("CTNormalization") {
      try check("intensities", self.plan.intensityProperties, plan.intensityProperties)
    }
  }
}
