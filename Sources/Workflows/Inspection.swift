import Datasets
import Files
import Foundation
import NIfTI
import Planning
import Plans
import Statistics
import TensorFiles
import Tensors

/// What a file holds, as pairs of a name and a value: what `hwsseg inspect` prints.
public enum Inspection {
  /// A name and a value, for a person to read.
  public typealias Fact = (String, String)

  /// Describes a volume, plan, `dataset.json`, fingerprint, preprocessed case, or file of weights.
  ///
  /// - Throws: `InputError` when the file cannot be read or is of no such kind.
  public static func facts(of file: URL) throws -> [Fact] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder), !isFolder.boolValue else {
      throw InputError(
        file.path, found: isFolder.boolValue ? "a folder" : "no such file", expected: "a file",
        advice: isFolder.boolValue ? "Name one of the files in it." : nil)
    }
    let name = file.lastPathComponent
    if name.hasSuffix(".safetensors") { return try facts(of: Safetensors(contentsOf: file)) }
    if name.hasSuffix(".pth") { return try facts(of: PyTorchFile(contentsOf: file)) }
    if name.hasSuffix(".json") { return try facts(ofJSON: file) }
    return try NIfTIFile.describe(file)
  }

  private static func facts(ofJSON file: URL) throws -> [Fact] {
    let document = try JSON.read(file)
    let keys = if case .object(let object) = document { Set(object.keys) } else { Set<String>() }
    if keys.contains("configurations") { return facts(of: try Plan(document, file: file.path)) }
    if keys.contains("shapes_after_crop") { return facts(of: try Fingerprint(contentsOf: file)) }
    if keys.contains("labels") { return facts(of: try DatasetDescription(document, file: file.path)) }
    throw InputError(
      file.path, found: "another kind of JSON", expected: "a plan, a dataset.json or a dataset_fingerprint.json")
  }

  /// Describes a plan.
  public static func facts(of plan: Plan) -> [Fact] {
    let configuration = plan.configuration
    let network = configuration.network
    let training = plan.training
    var facts = [
      ("plan", "\(plan.plansName) for \(plan.datasetName)"),
      ("configuration", configuration.name),
      ("spacing", "\(list(configuration.spacing)) mm (z, y, x)"),
      ("patch", "\(edges(configuration.patchSize)) voxels, batch of \(configuration.batchSize)"),
      ("median image", "\(edges(configuration.medianImageSize.map { Int($0.rounded()) })) voxels"),
      ("normalization", configuration.normalizationSchemes.joined(separator: ", ")),
      ("network", network.className.split(separator: ".").last.map(String.init) ?? network.className),
      ("features", list(network.features)),
      ("strides", network.strides.map(edges).joined(separator: " ")),
      ("kernels", network.kernels.map(edges).joined(separator: " ")),
      ("training", "\(training.epochs) epochs of \(training.iterationsPerEpoch) iterations"),
      ("learning rate", "\(training.initialLearningRate)"),
    ]
    let sampler = training.sampler
    facts.append(
      ("sampler", sampler.name.rawValue + (sampler.name == .hardness ? ", beta \(sampler.hardness.beta)" : "")))
    if plan.transposeForward != [0, 1, 2] { facts.insert(("axis order", list(plan.transposeForward)), at: 2) }
    return facts
  }

  private static func facts(of fingerprint: Fingerprint) -> [Fact] {
    let cases = fingerprint.spacings.count
    guard cases > 0 else { return [("fingerprint", "of no case")] }
    let spacing = (0..<3).map { axis in Quantile.median(fingerprint.spacings.map { $0[axis] }) }
    let shape = (0..<3).map { axis in Int(Quantile.median(fingerprint.shapesAfterCrop.map { Double($0[axis]) })) }
    return [
      ("fingerprint", "of \(cases) cases"), ("median spacing", "\(list(spacing)) mm (z, y, x)"),
      ("median shape", "\(edges(shape)) voxels after the crop"),
      ("size after the crop", String(format: "%.0f %%", 100 * fingerprint.medianRelativeSizeAfterCropping)),
    ]
      + fingerprint.intensityProperties.enumerated().map { channel, intensities in
        (
          "channel \(channel)",
          String(
            format: "foreground mean %.6g, sd %.6g, 0.5 %% to 99.5 %%: %.6g to %.6g", intensities.mean,
            intensities.standardDeviation, intensities.percentile005, intensities.percentile995)
        )
      }
  }

  private static func facts(of dataset: DatasetDescription) -> [Fact] {
    var facts = [
      ("data set", "\(dataset.trainingCaseCount) training cases, files \(dataset.fileEnding)"),
      ("channels", dataset.channelNames.joined(separator: ", ")),
    ]
    for label in dataset.labels {
      facts.append((label.values.count > 1 ? "region" : "label", "\(list(label.values)) \(label.name)"))
    }
    if let order = dataset.regionsClassOrder { facts.append(("regions written as", list(order))) }
    return facts
  }

  private static func facts(of file: PyTorchFile) throws -> [Fact] {
    let weights = try file.networkWeights()
    var facts = facts(of: weights)
    if let trainer = file.string("trainer_name") { facts.append(("trainer", trainer)) }
    if let name = file.string("init_args", "configuration") { facts.append(("configuration", name)) }
    if let epoch = file.integer("current_epoch") { facts.append(("trained", "\(epoch) epochs")) }
    if let axes = file.integers("inference_allowed_mirroring_axes") { facts.append(("mirroring axes", list(axes))) }
    return facts
  }

  private static func facts(of file: Safetensors) -> [Fact] {
    let names = file.entries.keys.sorted()
    func shape(_ name: String) -> [Int] { file.entries[name]?.shape ?? [] }
    func count(_ names: [String]) -> Int { names.reduce(0) { $0 + shape($1).reduce(1, *) } }
    if shape("data").count == 4 {
      let locations = names.filter { $0.hasPrefix("class_locations/") }
      return [
        ("preprocessed case", "\(shape("data")[0]) channels of \(edges(Array(shape("data").dropFirst()))) voxels"),
        ("labels", names.contains("labels") ? "yes" : "none"),
      ]
        + locations.map { ("label \($0.dropFirst("class_locations/".count))", "\(shape($0)[0]) sampled voxels") }
        + file.metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
    if shape("probabilities").count == 4 {
      let shape = shape("probabilities")
      return [("probabilities", "\(shape[0]) classes on \(edges(Array(shape.dropFirst()))) voxels")]
    }
    let weights = names.filter { $0.hasPrefix("encoder.") || $0.hasPrefix("decoder.") }
    guard !weights.isEmpty else {
      return [("safetensors", "\(names.count) arrays")] + names.map { ($0, list(shape($0))) }
    }
    let own = weights.filter { !$0.hasPrefix("decoder.encoder.") && !$0.contains(".all_modules.") }
    let stages = own.filter { $0.hasPrefix("encoder.stages.") && $0.hasSuffix(".0.convs.0.conv.weight") }
    var facts = [
      ("weights", "\(count(own)) in \(own.count) arrays"),
      ("input channels", stages.first.map { "\(shape($0).dropFirst().first ?? 0)" } ?? "unknown"),
      ("classes", own.last { $0.hasPrefix("decoder.seg_layers.") }.map { "\(shape($0).first ?? 0)" } ?? "unknown"),
      ("features", list(stages.map { shape($0).first ?? 0 })),
    ]
    if let epoch = file.metadata["epoch"] { facts.append(("trained", "\(epoch) epochs")) }
    if names.count > weights.count {
      facts.append(("also", "\(names.count - weights.count) arrays to resume training"))
    }
    return facts
  }

  private static func edges(_ values: [Int]) -> String { values.map(String.init).joined(separator: "×") }

  private static func list<Value>(_ values: [Value]) -> String { values.map { "\($0)" }.joined(separator: ", ") }
}
