import Files
import Foundation

/// A data set in nnU-Net's raw format.
///
/// The folder holds `dataset.json`, `imagesTr`, `labelsTr` and, optionally, `groups.csv` and `splits_final.json`.
public struct RawDataset: Sendable {
  /// The folder.
  public let folder: URL
  /// The content of `dataset.json`.
  public let description: DatasetDescription
  /// The training cases, sorted by name.
  public let cases: [RawCase]

  /// Reads `dataset.json` and finds the cases.
  ///
  /// Images and label maps must exist but are not read, see ``checkIntegrity()``.
  ///
  /// - Throws: `InputError` when the folder, an image or a label map is missing, or when the number of cases is not
  ///   `numTraining`.
  public init(_ folder: URL) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder), isFolder.boolValue else {
      throw InputError(folder.path, found: "no such folder", expected: "a data set in nnU-Net's raw format")
    }
    self.folder = folder
    let url = folder.appendingPathComponent("dataset.json")
    let description = try DatasetDescription(contentsOf: url)
    if let files = description.files {
      cases = try files.map { try Self.rawCase($0, of: description, in: folder) }.sorted { $0.name < $1.name }
    } else {
      cases = try RawCase.find(
        in: folder.appendingPathComponent("imagesTr"), labels: folder.appendingPathComponent("labelsTr"),
        description: description)
    }
    self.description = description
    guard cases.count == description.trainingCaseCount else {
      throw InputError(
        url.path, found: "numTraining \(description.trainingCaseCount) but \(cases.count) cases in the folder",
        expected: "the same number")
    }
    guard !cases.isEmpty else { throw InputError(folder.path, found: "no case", expected: "at least one") }
  }

  /// The name of the data set, which is that of its folder.
  public var name: String { folder.standardizedFileURL.lastPathComponent }

  /// The names of the training cases, sorted.
  public var caseNames: [String] { cases.map(\.name) }

  /// The file with the data set's own folds, which need not exist.
  public var splitsFile: URL { folder.appendingPathComponent("splits_final.json") }

  /// Reads `groups.csv`.
  ///
  /// - Returns: The table of subgroups; `nil` when there is no such file.
  /// - Throws: `InputError` when the file is unusable.
  public func groups() throws -> CaseTable? {
    let file = folder.appendingPathComponent("groups.csv")
    return FileManager.default.fileExists(atPath: file.path) ? try CaseTable(contentsOf: file) : nil
  }

  private static func rawCase(
    _ files: DatasetDescription.CaseFiles, of description: DatasetDescription, in folder: URL
  ) throws -> RawCase {
    try CaseName.check(files.name, in: folder.appendingPathComponent("dataset.json").path)
    let images = files.images.map { resolve($0, in: folder) }
    guard images.count == description.channelNames.count else {
      throw InputError(
        folder.appendingPathComponent("dataset.json").path, found: "\(images.count) images of case \(files.name)",
        expected: "\(description.channelNames.count), one for each channel")
    }
    let label = resolve(files.label, in: folder)
    for image in images { try RawCase.checkExists(image, "an image of case \(files.name)") }
    try RawCase.checkExists(label, "the label map of case \(files.name)")
    return RawCase(name: files.name, images: images, label: label)
  }

  /// Resolves a path of the `dataset` map: expands environment variables, relative to the data set's folder.
  private static func resolve(_ path: String, in folder: URL) -> URL {
    let environment = ProcessInfo.processInfo.environment
    let expanded = path.replacing(/\$(?:\{(\w+)\}|(\w+))/) { match in
      (match.1 ?? match.2).flatMap { environment[String($0)] } ?? String(match.0)
    }
    return expanded.hasPrefix("/") ? URL(fileURLWithPath: expanded) : folder.appendingPathComponent(expanded)
  }
}
