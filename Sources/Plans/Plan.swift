import Files
import Foundation

/// An nnU-Net v2 plans file, with one object `training` of our own.
///
/// Configurations are kept with what they inherit filled in. Keys that we have no use for survive reading and writing.
public struct Plan: Sendable, Equatable {
  public var datasetName: String
  public var plansName: String
  /// Axis i of the plan is axis `transposeForward[i]` of the files.
  public var transposeForward: [Int]
  /// The inverse of `transposeForward`.
  public var transposeBackward: [Int]
  /// Statistics of the foreground, one a channel.
  public var intensityProperties: [IntensityProperties]
  public var configurations: [PlanConfiguration]
  public var training: TrainingSettings
  /// The whole file as read, for the keys we have no use for.
  private var document: JSONObject

  /// - Parameter others: further top-level members of nnU-Net's schema.
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

  /// The configuration that is trained: `3d_fullres`, or the first one where a file has none of that name.
  public var configuration: PlanConfiguration {
    get { configurations.first { $0.name == "3d_fullres" } ?? configurations[0] }
    set {
      let name = configuration.name
      configurations = configurations.map { $0.name == name ? newValue : $0 }
    }
  }

  /// Reads a plans file, nnU-Net's or ours.
  ///
  /// - Throws: `InputError` naming the file and the key at fault.
  public static func read(_ url: URL) throws -> Plan { try Plan(JSON.read(url), file: url.path) }

  /// Writes the plan as nnU-Net would, replacing the file.
  public func write(to url: URL) throws { try AtomicFile.replace(url, with: json.text) }

  /// - Parameter file: named in errors.
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

  /// A configuration, without what it has from the one it inherits from if that is in the plan.
  private func json(of configuration: PlanConfiguration) -> JSON {
    guard configurations.contains(where: { $0.name == configuration.parent }),
      case .object(let all) = configuration.json
    else { return configuration.json }
    let own = all.elements.filter { configuration.ownKeys.contains($0.key) }
    return .object(JSONObject(own.map { ($0.key, $0.value) }))
  }

  /// A configuration's own keys over those of the one it inherits from.
  private static func resolve(_ name: String, in configurations: JSONFields, visited: [String]) throws -> JSONObject {
    let own = try configurations.fields(name)
    guard let parent = try own.stringIfPresent("inherits_from") else { return own.object }
    guard !visited.contains(name), parent != name else {
      throw own.error("inherits_from", found: "a circle through \(name)", expected: "an end of the inheritance")
    }
    var object = try resolve(parent, in: configurations, visited: visited + [name])
    for entry in own.object.elements { object[entry.key] = entry.value }
    return object
  }
}
