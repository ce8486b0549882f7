import Foundation

/// The real data sets some reference values were made of; they lie beside the reference values, and tests that need them skip where they
/// are absent.
public enum RealData {
  public static let folder = Golden.folder.deletingLastPathComponent().appendingPathComponent("data")

  public static let isPresent = Golden.isPresent && FileManager.default.fileExists(atPath: folder.path)

  /// Said by every test that is skipped for want of the folder.
  public static let absence = "no real data at \(folder.path), beside the reference values"

  /// The data sets that reference values of preprocessing were made of, as far as both are there.
  public static let preprocessedDatasets: [String] = {
    let names = try? FileManager.default.contentsOfDirectory(atPath: Golden.file("preprocessing").path)
    return (names ?? []).filter { FileManager.default.fileExists(atPath: dataset($0).path) }.sorted()
  }()

  public static func dataset(_ name: String) -> URL { folder.appendingPathComponent(name) }
}
