import Foundation

/// The real data sets that some reference values were made of, in a folder beside the reference values. Tests that need
/// them are skipped where they are absent.
public enum RealData {
  public static let folder = Golden.folder.deletingLastPathComponent().appendingPathComponent("data")

  public static let isPresent = Golden.isPresent && FileManager.default.fileExists(atPath: folder.path)

  /// The reason given by tests that are skipped because the folder is missing.
  public static let absence = "no real data at \(folder.path), beside the reference values"

  /// The data sets that have reference values of preprocessing.
  public static let preprocessedDatasets: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(atPath: Golden.file("preprocessing").path)
    return (names ?? []).filter { FileManager.default.fileExists(atPath: dataset($0).path) }.sorted()
  }()

  public static func dataset(_ name: String) -> URL { folder.appendingPathComponent(name) }
}
