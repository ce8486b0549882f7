import Files
import Foundation

/// An nnU-Net v2 `dataset.json`.
///
/// Each entry of `labels` is a single value or a *region*, a list of values. Regions may overlap, as whole tumor and
/// tumor core do. If there are regions, the network has a sigmoid output for each one; otherwise it has a softmax over
/// all values. Voxels with the label called `ignore` do not take part in training.
public struct DatasetDescription: Sendable, Equatable {
  /// One entry of `labels`, in the file's order.
  public struct Label: Sendable, Equatable {
    /// The key in the file.
    public let name: String
    /// One value, or those of a region.
    public let values: [Int]
  }

  /// An entry of the optional `dataset` map, with paths as they stand in the file.
  public struct CaseFiles: Sendable, Equatable {
    /// The name of the case.
    public let name: String
    /// The paths of the images, one for each channel.
    public let images: [String]
    /// The path of the label map.
    public let label: String
  }

  /// The names of the image channels in order. The name determines the normalization.
  public let channelNames: [String]
  /// All entries of `labels`, including background and ignore.
  public let labels: [Label]
  /// The label written for each of ``regions``. Later regions overwrite earlier ones.
  public let regionsClassOrder: [Int]?
  /// The number of training cases, `numTraining` in the file.
  public let trainingCaseCount: Int
  /// The file name ending of images and label maps, such as `.nii.gz`.
  public let fileEnding: String
  /// The files of the cases, if `dataset.json` lists them itself; otherwise `nil`.
  public let files: [CaseFiles]?
  /// The whole file, so that unused keys survive.
  public let document: JSON

  /// Reads and checks a `dataset.json`.
  ///
  /// - Throws: `InputError` naming the file and the key at fault.
  public init(contentsOf url: URL) throws {
    guard FileManager.default.fileExists(atPath: url.path) else {
      throw InputError(
        url.path, found: "no such file", expected: "a data set's dataset.json",
        advice: "A data set is a folder in nnU-Net's raw format with dataset.json, imagesTr and labelsTr.")
    }
    try self.init(JSON.read(url), file: url.path)
  }

  /// Reads and checks the content of a `dataset.json`.
  ///
  /// - Parameters:
  ///   - document: The parsed file.
  ///   - file: The name of the file in error messages.
  /// - Throws: `InputError` naming the key at fault.
  public init(_ document: JSON, file: String) throws {
    let fields = try JSONFields(document, file: file)
    self.document = document
    channelNames = try Self.channelNames(fields)
    labels = try Self.labels(fields)
    trainingCaseCount = try fields.int("numTraining")
    fileEnding = try fields.string("file_ending")
    regionsClassOrder = try fields.intsIfPresent("regions_class_order")
    files = try Self.files(fields)
    try check(fields)
  }

  /// Writes the file with all keys that it was read with.
  ///
  /// - Throws: `InputError` when the file cannot be written.
  public func write(to url: URL) throws { try AtomicFile.replace(url, with: document.text) }

  private static func channelNames(_ fields: JSONFields) throws -> [String] {
    let key = fields.object["channel_names"] == nil && fields.object["modality"] != nil ? "modality" : "channel_names"
    let names = try fields.fields(key)
    guard !names.object.keys.isEmpty else { throw fields.error(key, found: "no channel", expected: "at least one") }
    return try (0..<names.object.keys.count).map { index in
      guard names.object[String(index)] != nil else {
        throw fields.error(
          key, found: "the keys \(names.object.keys.joined(separator: ", "))",
          expected: "\"0\", \"1\", … without a gap")
      }
      return try names.string(String(index))
    }
  }

  private static func labels(_ fields: JSONFields) throws -> [Label] {
    let entries = try fields.fields("labels")
    return try entries.object.keys.map { name in
      let values = if case .array = entries.object[name] { try entries.ints(name) } else { [try entries.int(name)] }
      guard !values.isEmpty, values.allSatisfy({ (0...Int(Int16.max)).contains($0) }) else {
        throw entries.error(name, found: "\(values)", expected: "label values from 0 to \(Int16.max)")
      }
      return Label(name: name, values: values)
    }
  }

  private static func files(_ fields: JSONFields) throws -> [CaseFiles]? {
    guard let cases = try fields.fieldsIfPresent("dataset") else { return nil }
    return try cases.object.keys.map { name in
      let entry = try cases.fields(name)
      return CaseFiles(name: name, images: try entry.strings("images"), label: try entry.string("label"))
    }
  }

  private func check(_ fields: JSONFields) throws {
    guard labels.first(where: { $0.name == "background" })?.values == [0] else {
      throw fields.error("labels", found: "no background with value 0", expected: "an entry \"background\": 0")
    }
    guard fileEnding.hasPrefix("."), fileEnding.count > 1 else {
      throw fields.error("file_ending", found: "\"\(fileEnding)\"", expected: "an ending like .nii.gz")
    }
    guard trainingCaseCount >= 0 else {
      throw fields.error("numTraining", found: "\(trainingCaseCount)", expected: "a number of cases")
    }
    var known = allLabels
    if let ignore = labels.first(where: { $0.name == "ignore" }) {
      guard ignore.values == [known.count] else {
        throw fields.error(
          "labels.ignore", found: "\(ignore.values)", expected: "\(known.count), the highest label plus 1")
      }
      known += ignore.values
    }
    guard known == Array(0..<known.count) else {
      throw fields.error("labels", found: "the values \(known)", expected: "consecutive values 0, 1, 2, …")
    }
    guard hasRegions else { return }
    guard let order = regionsClassOrder, order.count == regions.count else {
      throw fields.error(
        "regions_class_order", found: regionsClassOrder.map { "\($0.count) values" } ?? "nothing",
        expected: "\(regions.count) label values, one for each region")
    }
    guard Set(order).count == order.count, order.allSatisfy({ $0 > 0 && allLabels.contains($0) }) else {
      throw fields.error(
        "regions_class_order", found: "\(order)", expected: "different values of labels, without the background")
    }
  }
}

extension DatasetDescription {
  /// Whether some label is a list of several values, so that the network has a sigmoid output for each region.
  public var hasRegions: Bool { labels.contains { $0.name != "ignore" && $0.values.count > 1 } }

  /// The value of voxels that were not annotated; `nil` when there is no `ignore` label.
  public var ignoreLabel: Int? { labels.first { $0.name == "ignore" }?.values.first }

  /// Whether networks of this data set and another have the same input channels and labels.
  package func hasSameTask(as other: DatasetDescription) -> Bool {
    labels == other.labels && regionsClassOrder == other.regionsClassOrder && channelNames == other.channelNames
  }

  /// All label values except `ignore`, ascending from 0.
  public var allLabels: [Int] { Set(labels.filter { $0.name != "ignore" }.flatMap(\.values)).sorted() }

  /// All label values except 0 and `ignore`, ascending.
  public var foregroundLabels: [Int] { allLabels.filter { $0 != 0 } }

  /// The entries of `labels` except background and ignore, in the file's order.
  ///
  /// Each is evaluated separately, and if ``hasRegions`` is true, each is an output of the network.
  public var regions: [Label] { labels.filter { $0.name != "ignore" && $0.values.contains { $0 != 0 } } }

  /// The classes that a network distinguishes from the background: the regions if there are any, otherwise the
  /// foreground labels, ascending.
  public var foregroundClasses: [Label] {
    if hasRegions { return regions }
    return foregroundLabels.compactMap { value in regions.first { $0.values == [value] } }
  }

  /// The number of output channels of a network: all labels, or the regions if there are any.
  public var outputChannels: Int { hasRegions ? regions.count : allLabels.count }
}
