import Files
import Foundation

/// One patient of a data set in nnU-Net's raw format.
public struct RawCase: Sendable, Equatable {
  /// The name of the case, with which its files' names begin.
  public let name: String
  /// The image files, one for each channel.
  public let images: [URL]
  /// The file of the label map; `nil` for cases to be predicted.
  public let label: URL?

  /// Creates a case from its files, which need not exist.
  public init(name: String, images: [URL], label: URL?) {
    self.name = name
    self.images = images
    self.label = label
  }

  /// Finds the cases in a folder with images `CASE_0000.nii.gz`, `CASE_0001.nii.gz`, …, one for each channel.
  ///
  /// - Parameters:
  ///   - folder: The folder of images.
  ///   - labels: The folder of label maps `CASE.nii.gz`, if there is one.
  ///   - description: The description of the data set, which gives channels and file ending.
  /// - Returns: The cases, sorted by name.
  /// - Throws: `InputError` when the folder is missing or holds no image, when a file's name has no channel number,
  ///   when a case has too few or too many channels, or when a label map is missing.
  public static func find(in folder: URL, labels: URL? = nil, description: DatasetDescription) throws -> [RawCase] {
    let ending = description.fileEnding
    guard let entries = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
      throw InputError(folder.path, found: "no readable folder", expected: "a folder of images")
    }
    // Operating systems and editors leave hidden files behind.
    let names = entries.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }
    guard !names.isEmpty else {
      throw InputError(
        folder.path, found: "no file ending in \(ending)", expected: "images named CASE_0000\(ending)",
        advice: "The ending is file_ending of dataset.json.")
    }
    var channels: [String: Set<String>] = [:]
    for name in names {
      let stem = name.dropLast(ending.count)
      let number = stem.suffix(4)
      guard stem.count > 5, stem.dropLast(4).last == "_", number.utf8.allSatisfy({ 48...57 ~= $0 }) else {
        throw InputError(
          folder.appendingPathComponent(name).path, found: "a name without a channel number",
          expected: "a name like CASE_0000\(ending)")
      }
      channels[String(stem.dropLast(5)), default: []].insert(String(number))
    }
    return try channels.keys.sorted().map { name in
      try CaseName.check(name, in: folder.path)
      let images = description.channelNames.indices.map { channel in
        folder.appendingPathComponent(name + String(format: "_%04d", channel) + ending)
      }
      try checkChannels(channels[name, default: []], images, folder: folder, case: name, description)
      let label = labels?.appendingPathComponent(name + ending)
      if let label { try checkExists(label, "the label map of case \(name)") }
      return RawCase(name: name, images: images, label: label)
    }
  }

  private static func checkChannels(
    _ found: Set<String>, _ images: [URL], folder: URL, case name: String, _ description: DatasetDescription
  ) throws {
    let expected = description.channelNames.count
    for image in images { try checkExists(image, "an image of case \(name), one of \(expected) channels") }
    guard found.count == expected else {
      let extra = folder.appendingPathComponent("\(name)_\(found.max() ?? "")\(description.fileEnding)")
      throw InputError(
        extra.path, found: "\(found.count) channels of case \(name)",
        expected: "the \(expected) that dataset.json names (\(description.channelNames.joined(separator: ", ")))")
    }
  }

  static func checkExists(_ file: URL, _ what: String) throws {
    guard FileManager.default.fileExists(atPath: file.path) else {
      throw InputError(file.path, found: "no such file", expected: what)
    }
  }
}
