import Files
import Foundation
import UNet

/// One configuration of a plan, such as `3d_fullres`, with its inherited keys filled in.
///
/// Axes are in the plan's transposed order: three of them, or two for slices.
public struct PlanConfiguration: Sendable, Equatable {
  /// The configuration's key in the plan.
  public var name: String
  /// nnU-Net's folder name of the preprocessed data, `data_identifier` in the file.
  public var dataIdentifier: String
  /// Size in voxels of the patches that the network sees.
  public var patchSize: [Int]
  /// Patches in a training batch.
  public var batchSize: Int
  /// Voxel spacing in mm to which images are resampled.
  public var spacing: [Double]
  /// Median image size in voxels at the target spacing; empty where the file does not say.
  public var medianImageSize: [Double]
  /// nnU-Net's class name of the normalization, one for each channel.
  public var normalizationSchemes: [String]
  /// Whether the normalization uses the nonzero region only, one for each channel.
  public var useMaskForNorm: [Bool]
  /// How images are resampled.
  public var dataResampling: ResamplingSettings
  /// How label maps are resampled.
  public var segmentationResampling: ResamplingSettings
  /// How predicted logits are resampled to the original grid.
  public var probabilityResampling: ResamplingSettings
  /// The network, `architecture` in the file.
  public var network: NetworkPlan
  /// Whether the Dice loss sums over the whole batch instead of averaging over its samples.
  public var batchDice: Bool
  /// The whole object as read, so that unused keys survive.
  private var document: JSONObject

  /// Creates a configuration with nnU-Net's resampling.
  ///
  /// - Parameters:
  ///   - name: The configuration's key in the plan.
  ///   - dataIdentifier: nnU-Net's folder name of the preprocessed data.
  ///   - patchSize: Patch size in voxels.
  ///   - batchSize: Patches in a batch.
  ///   - spacing: Target spacing in mm.
  ///   - medianImageSize: Median image size in voxels at that spacing.
  ///   - normalizationSchemes: nnU-Net's class name of the normalization, one for each channel.
  ///   - useMaskForNorm: Whether the normalization uses the nonzero region only, one for each channel.
  ///   - network: The network.
  ///   - batchDice: Whether the Dice loss sums over the whole batch.
  ///   - nextStage: The configuration of a cascade that takes this one's predictions as input.
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

  /// Creates the second stage of a cascade.
  ///
  /// - Parameters:
  ///   - name: The configuration's key in the plan.
  ///   - parent: The configuration from which this one inherits everything.
  ///   - previousStage: The configuration whose predictions are a further input.
  public init(name: String, inheritingFrom parent: PlanConfiguration, previousStage: String) {
    self = parent
    self.name = name
    document["inherits_from"] = .string(parent.name)
    document["previous_stage"] = .string(previousStage)
    ownKeys = ["inherits_from", "previous_stage"]
  }

  /// The name of the configuration that this one inherits from; `nil` when there is none.
  public var parent: String? { document["inherits_from"]?.string }

  /// The keys that the configuration sets itself. A configuration that inherits is written with these only.
  public internal(set) var ownKeys: Set<String> = []

  /// - Throws: `InputError` naming the key at fault, also when the strides do not divide the patch.
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
    guard medianImageSize.allSatisfy({ 0...1e9 ~= $0 }) else {
      throw fields.error("median_image_size_in_voxels", found: "\(medianImageSize)", expected: "numbers from 0 to 1e9")
    }
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
      throw fields.error("spacing", found: "\(spacing)", expected: "\(axes) positive numbers in mm")
    }
    guard network.kernels.allSatisfy({ $0.count == axes }), network.strides.allSatisfy({ $0.count == axes }) else {
      throw fields.error(
        "architecture", found: "kernels or strides with another number of axes", expected: "\(axes) numbers each")
    }
    guard useMaskForNorm.count == normalizationSchemes.count, !normalizationSchemes.isEmpty else {
      throw fields.error(
        "use_mask_for_norm", found: "\(useMaskForNorm.count) values",
        expected: "\(normalizationSchemes.count), one for each channel")
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

  /// Checks that this configuration can be trained and predicted with.
  ///
  /// - Throws: `InputError` for slices, for the second stage of a cascade, and for networks that cannot be built.
  public func checkSupported() throws {
    func unsupported(_ found: String, _ expected: String) -> InputError {
      InputError("plan configuration \(name)", found: found, expected: "\(expected); others are not supported yet")
    }
    guard patchSize.count == 3 else {
      throw unsupported("a two-dimensional patch", "a three-dimensional configuration")
    }
    guard document["previous_stage"]?.string == nil else {
      throw unsupported("the second stage of a cascade", "a configuration that takes only images as input")
    }
    _ = try network.architecture(inputChannels: 1, outputChannels: 1, subject: "plan configuration \(name)")
  }
}

extension PlanConfiguration {
  /// The network architecture of this configuration.
  ///
  /// - Parameters:
  ///   - inputChannels: Channels of the images.
  ///   - outputChannels: Channels of the logits: `outputChannels` of the data set's description.
  /// - Throws: `InputError` when the network cannot be built, see ``checkSupported()``, or when its strides do not
  ///   divide the patch.
  public func architecture(inputChannels: Int, outputChannels: Int) throws -> Architecture {
    try checkSupported()
    let architecture = try network.architecture(
      inputChannels: inputChannels, outputChannels: outputChannels, subject: "plan configuration \(name)")
    try architecture.validate()
    try architecture.validate(patch: patchSize)
    return architecture
  }
}
