import Files
import Foundation
import UNet

/// One configuration of a plan, `3d_fullres` for example, with what it inherits filled in. Axes are in the plan's
/// transposed order.
public struct PlanConfiguration: Sendable, Equatable {
  /// The configuration's key in the plan.
  public var name: String
  public var dataIdentifier: String
  public var patchSize: [Int]
  public var batchSize: Int
  /// Target spacing in mm.
  public var spacing: [Double]
  /// Median image size at the target spacing.
  public var medianImageSize: [Double]
  /// nnU-Net's class names, one a channel.
  public var normalizationSchemes: [String]
  /// Whether a channel's statistics are those of the nonzero region, one a channel.
  public var useMaskForNorm: [Bool]
  public var dataResampling: ResamplingSettings
  public var segmentationResampling: ResamplingSettings
  public var probabilityResampling: ResamplingSettings
  public var network: NetworkPlan
  /// Whether Dice is summed over the batch instead of computed a sample.
  public var batchDice: Bool
  /// The whole object as read, for the keys we have no use for.
  private var document: JSONObject

  /// - Parameter nextStage: the configuration that takes this one's predictions as input.
  public init(
    name: String, dataIdentifier: String, patchSize: [Int], batchSize: Int, spacing: [Double],
    medianImageSize: [Double],
    normalizationSchemes: [String], useMaskForNorm: [Bool], network: NetworkPlan, batchDice: Bool,
    nextStage: String? = nil
  ) {
    self.name = name
    self.dataIdentifier = dataIdentifier
    self.patchSize = patchSize
    self.batchSize = batchSize
    self.spacing = spacing
    self.medianImageSize = medianImageSize
    self.normalizationSchemes = normalizationSchemes
    self.useMaskForNorm = useMaskForNorm
    dataResampling = ResamplingSettings(isSegmentation: false, order: 3)
    segmentationResampling = ResamplingSettings(isSegmentation: true, order: 1)
    probabilityResampling = ResamplingSettings(isSegmentation: false, order: 1)
    self.network = network
    self.batchDice = batchDice
    document = JSONObject([
      ("data_identifier", .null), ("preprocessor_name", .string("DefaultPreprocessor")), ("batch_size", .null),
      ("patch_size", .null), ("median_image_size_in_voxels", .null), ("spacing", .null),
      ("normalization_schemes", .null),
      ("use_mask_for_norm", .null),
    ])
    document["next_stage"] = nextStage.map { .string($0) }
  }

  /// The configuration `name` that takes everything from `parent`, and as further input what `previousStage` predicts.
  public init(name: String, inheritingFrom parent: PlanConfiguration, previousStage: String) {
    self = parent
    self.name = name
    document["inherits_from"] = .string(parent.name)
    document["previous_stage"] = .string(previousStage)
    ownKeys = ["inherits_from", "previous_stage"]
  }

  /// The name of the configuration from which this one has what it does not say itself.
  public var parent: String? { document["inherits_from"]?.string }

  /// The members that a configuration which inherits has itself; a plan is written with these alone.
  public internal(set) var ownKeys: Set<String> = []

  init(name: String, _ fields: JSONFields) throws {
    let fields = try LegacyArchitecture.replaced(in: fields)
    self.name = name
    document = fields.object
    dataIdentifier = try fields.stringIfPresent("data_identifier") ?? name
    patchSize = try fields.ints("patch_size")
    batchSize = try fields.int("batch_size", default: 0, in: 1...100_000)
    spacing = try fields.doubles("spacing")
    medianImageSize =
      fields.object["median_image_size_in_voxels"] == nil ? [] : try fields.doubles("median_image_size_in_voxels")
    normalizationSchemes = try fields.strings("normalization_schemes")
    useMaskForNorm = try fields.bools("use_mask_for_norm")
    dataResampling = try ResamplingSettings("data", fields, .init(isSegmentation: false, order: 3))
    segmentationResampling = try ResamplingSettings("seg", fields, .init(isSegmentation: true, order: 1))
    probabilityResampling = try ResamplingSettings("probabilities", fields, .init(isSegmentation: false, order: 1))
    network = try NetworkPlan(fields.fields("architecture"))
    batchDice = try fields.boolIfPresent("batch_dice") ?? false

    let axes = patchSize.count
    guard axes == 2 || axes == 3 else {
      throw fields.error("patch_size", found: "\(axes) numbers", expected: "3, or 2 for slices")
    }
    guard patchSize.allSatisfy({ (1...100_000).contains($0) }) else {
      throw fields.error("patch_size", found: "\(patchSize)", expected: "positive numbers of voxels")
    }
    guard spacing.count == axes, spacing.allSatisfy({ $0 > 0 && $0 < 1e6 }) else {
      throw fields.error("spacing", found: "\(spacing)", expected: "\(axes) positive numbers of mm")
    }
    guard network.kernels.allSatisfy({ $0.count == axes }), network.strides.allSatisfy({ $0.count == axes }) else {
      throw fields.error(
        "architecture", found: "kernels or strides of another dimension", expected: "\(axes) numbers each")
    }
    guard useMaskForNorm.count == normalizationSchemes.count, !normalizationSchemes.isEmpty else {
      throw fields.error(
        "use_mask_for_norm", found: "\(useMaskForNorm.count) values",
        expected: "\(normalizationSchemes.count), one a channel")
    }
    for axis in 0..<axes {
      let divisor = network.strides.reduce(1) { $0 * $1[axis] }
      guard divisor > 0, patchSize[axis] % divisor == 0 else {
        throw fields.error(
          "patch_size", found: "\(patchSize), which the network's strides do not divide",
          expected: "a multiple of \(divisor) along axis \(axis)")
      }
    }
  }

  var json: JSON {
    var document = document
    document["data_identifier"] = .string(dataIdentifier)
    document["patch_size"] = .integers(patchSize)
    document["batch_size"] = .integer(batchSize)
    document["spacing"] = .numbers(spacing)
    document["median_image_size_in_voxels"] = .numbers(medianImageSize)
    document["normalization_schemes"] = .strings(normalizationSchemes)
    document["use_mask_for_norm"] = .bools(useMaskForNorm)
    dataResampling.write("data", to: &document)
    segmentationResampling.write("seg", to: &document)
    probabilityResampling.write("probabilities", to: &document)
    document["architecture"] = network.json
    document["batch_dice"] = .bool(batchDice)
    return .object(document)
  }

  /// - Throws: `InputError` when training or prediction with this configuration is not supported: slices, the second
  ///   stage of a cascade, and networks we cannot build, by name.
  public func checkSupported() throws {
    func unsupported(_ found: String, _ expected: String) -> InputError {
      InputError("plan configuration \(name)", found: found, expected: "\(expected); others are not supported yet")
    }
    guard patchSize.count == 3 else {
      throw unsupported("a two-dimensional patch", "a three-dimensional configuration")
    }
    guard document["previous_stage"]?.string == nil else {
      throw unsupported("the second stage of a cascade", "a configuration that takes images alone")
    }
    _ = try network.architecture(inputChannels: 1, outputChannels: 1, subject: "plan configuration \(name)")
  }
}

extension PlanConfiguration {
  /// The network this configuration asks for.
  ///
  /// - Parameters:
  ///   - inputChannels: channels of the images.
  ///   - outputChannels: channels of the logits, `DatasetDescription.outputChannels`.
  /// - Throws: `InputError` when it is not one we can build (`checkSupported`), or when the patch does not divide by
  ///   its strides.
  public func architecture(inputChannels: Int, outputChannels: Int) throws -> Architecture {
    try checkSupported()
    let architecture = try network.architecture(
      inputChannels: inputChannels, outputChannels: outputChannels, subject: "plan configuration \(name)")
    try architecture.validate()
    try architecture.validate(patch: patchSize)
    return architecture
  }
}
