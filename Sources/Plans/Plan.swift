import Files
import Foundation

/// An nnU-Net v2 plans file with one additional object, `training`.
///
/// A configuration that inherits from another one is resolved when the file is read: it holds its own keys and the
/// inherited ones. Keys that are not used here survive reading and writing.
public struct Plan: Sendable, Equatable {
  /// The data set's folder name, `dataset_name` in the file; empty where the key is missing.
  public var datasetName: String
  /// nnU-Net's name of the plan, `plans_name` in the file.
  public var plansName: String
  /// Axis i of the plan is axis `transposeForward[i]` of the image files, whose axes are (z, y, x).
  public var transposeForward: [Int]
  /// The inverse of `transposeForward`.
  public var transposeBackward: [Int]
  /// Intensity statistics of the foreground, one for each channel; empty where the file has none.
  public var intensityProperties: [IntensityProperties]
  /// All configurations, in the file's order.
  public var configurations: [PlanConfiguration]
  /// The settings of the training, which nnU-Net keeps in its trainer's code.
  public var training: TrainingSettings
  /// The whole file as read, so that unused keys survive.
  private var document: JSONObject

  /// Creates a plan.
  ///
  /// - Parameters:
  ///   - datasetName: The data set's folder name.
  ///   - plansName: nnU-Net's name of the plan.
  ///   - transposeForward: The file axis of each axis of the plan.
  ///   - intensityProperties: Intensity statistics of the foreground, one for each channel.
  ///   - configurations: At least one configuration.
  ///   - training: The settings of the training, by default nnU-Net's.
  ///   - others: Further top-level members of nnU-Net's schema.
  public init(
    datasetName: String, plansName: String, transposeForward: [Int], intensityProperties: [IntensityProperties],
    configurations: [PlanConfiguration], training: TrainingSettings = TrainingSettings(),
    others: JSONObject? = nil
  ) {
    precondition(!configurations.isEmpty)
    self.datasetName = datasetName
    self.plansName = plansName
    self.transposeForward = transposeForward
    transposeBackward = transposeForward.indices.map { axis in transposeForward.firstIndex(of: axis) ?? axis }
    self.intensityProperties = intensityProperties
    self.configurations = configurations
    self.training = training
    document = JSONObject([("dataset_name", .null), ("plans_name", .null)])
    for (key, value) in others ?? [:] { document[key] = value }
  }

  /// The configuration that is trained: `3d_fullres`, or the first one where there is no `3d_fullres`.
  public var configuration: PlanConfiguration {
    get { configurations.first { $0.name == "3d_fullres" } ?? configurations[0] }
    set {
      let name = configuration.name
      configurations = configurations.map { $0.name == name ? newValue : $0 }
    }
  }

  /// Reads a plans file, with or without `training`.
  ///
  /// - Throws: `InputError` naming the file and the key at fault.
  public static func read(_ url: URL) throws -> Plan { try Plan(JSON.read(url), file: url.path) }

  /// Writes the plan in nnU-Net's schema, replacing the file as a whole.
  ///
  /// - Throws: `InputError` when the file cannot be written.
  public func write(to url: URL) throws { try AtomicFile.replace(url, with: json.text) }

  /// Reads the content of a plans file.
  ///
  /// - Parameters:
  ///   - value: The parsed file.
  ///   - file: The name of the file in error messages.
  /// - Throws: `InputError` naming the key at fault.
  public init(_ value: JSON, file: String) throws {
    let fields = try JSONFields(value, file: file)
    document = fields.object
    datasetName = try fields.stringIfPresent("dataset_name") ?? ""
    plansName = try fields.stringIfPresent("plans_name") ?? "nnUNetPlans"
    let forward = try fields.ints("transpose_forward")
    let backward = try fields.ints("transpose_backward")
    guard forward.sorted() == [0, 1, 2], backward.sorted() == [0, 1, 2], backward.map({ forward[$0] }) == [0, 1, 2]
    else {
      throw fields.error(
        "transpose_forward", found: "\(forward), and back \(backward)",
        expected: "an order of the axes 0, 1, 2 and its inverse")
    }
    transposeForward = forward
    transposeBackward = backward
    let intensities = try fields.fieldsIfPresent("foreground_intensity_properties_per_channel")
    intensityProperties = try intensities.map(IntensityProperties.list) ?? []
    let configurations = try fields.fields("configurations")
    guard !configurations.object.keys.isEmpty else {
      throw fields.error("configurations", found: "none", expected: "at least one, 3d_fullres best")
    }
    self.configurations = try configurations.object.keys.map { name in
      let resolved = try Self.resolve(name, in: configurations, visited: [])
      let resolvedFields = try JSONFields(.object(resolved), file: file, path: "configurations.\(name)")
      var configuration = try PlanConfiguration(name: name, resolvedFields)
      configuration.ownKeys = Set(try configurations.fields(name).object.keys)
      return configuration
    }
    training = try fields.fieldsIfPresent("training").map(TrainingSettings.init) ?? TrainingSettings()
  }

  /// The content of the plans file.
  public var json: JSON {
    var document = document
    document["dataset_name"] = .string(datasetName)
    document["plans_name"] = .string(plansName)
    document["transpose_forward"] = .integers(transposeForward)
    document["transpose_backward"] = .integers(transposeBackward)
    document["configurations"] = .object(JSONObject(configurations.map { ($0.name, json(of: $0)) }))
    document["foreground_intensity_properties_per_channel"] = IntensityProperties.json(intensityProperties)
    document["training"] = training.json
    return .object(document)
  }

  /// A configuration as it is written: only its own keys, if the plan also holds the one it inherits from.
  private func json(of configuration: PlanConfiguration) -> JSON {
    guard configurations.contains(where: { $0.name == configuration.parent }),
      case .object(let all) = configuration.json
    else { return configuration.json }
    let own = all.elements.filter { configuration.ownKeys.contains($0.key) }
    return .object(JSONObject(own.map { ($0.key, $0.value) }))
  }

  /// The inherited keys of a configuration, overwritten by its own.
  private static func resolve(_ name: String, in configurations: JSONFields, visited: [String]) throws -> JSONObject {
    let own = try configurations.fields(name)
    guard let parent = try own.stringIfPresent("inherits_from") else { return own.object }
    guard !visited.contains(name), parent != name else {
      throw own.error("inherits_from", found: "a cycle through \(name)", expected: "inheritance that ends")
    }
    var object = try resolve(parent, in: configurations, visited: visited + [name])
    for entry in own.object.elements { object[entry.key] = entry.value }
    return object
  }
}
