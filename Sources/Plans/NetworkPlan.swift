import Files
import Foundation

/// The `architecture` object of a plan's configuration: which network, in nnU-Net's words.
public struct NetworkPlan: Sendable, Equatable {
  public static let plainUNet = "dynamic_network_architectures.architectures.unet.PlainConvUNet"
  public static let residualUNet = "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
  public static let leakyReLU = "torch.nn.LeakyReLU"
  public static let relu = "torch.nn.ReLU"

  public var className: String
  /// Feature channels, a number a stage, full resolution first.
  public var features: [Int]
  /// Kernel sizes (z, y, x) of the stages.
  public var kernels: [[Int]]
  /// Strides (z, y, x) with which each stage begins; ones for the first.
  public var strides: [[Int]]
  /// Convolutions (of a residual encoder: blocks) in each encoder stage.
  public var convolutionsPerStage: [Int]
  /// Convolutions in each decoder stage.
  public var convolutionsPerDecoderStage: [Int]
  /// PyTorch's name of the activation.
  public var activation: String
  /// Slope of a leaky activation for negative values.
  public let negativeSlope: Double
  public let normEpsilon: Double
  /// The whole object as read, for the keys we have no use for.
  private var document: JSONObject

  /// The arguments nnU-Net makes the network with, as read.
  var arguments: JSONObject { if case .object(let object)? = document["arch_kwargs"] { object } else { JSONObject() } }

  /// A U-Net for as many dimensions as `kernels` and `strides` have: a plain one with two convolutions in every stage,
  /// or one with nnU-Net's residual encoder, of 1, 3, 4 and then 6 blocks, and one convolution in the decoder's stages.
  public init(features: [Int], kernels: [[Int]], strides: [[Int]], activation: String, residual: Bool = false) {
    className = residual ? Self.residualUNet : Self.plainUNet
    self.features = features
    self.kernels = kernels
    self.strides = strides
    convolutionsPerStage = features.indices.map { residual ? [1, 3, 4, 6][min($0, 3)] : 2 }
    convolutionsPerDecoderStage = features.dropLast().map { _ in residual ? 1 : 2 }
    self.activation = activation
    negativeSlope = 0.01
    normEpsilon = 1e-5
    let dimensions = kernels.first?.count ?? 3
    document = JSONObject([
      (
        "arch_kwargs",
        .object(
          JSONObject([
            ("conv_op", .string("torch.nn.modules.conv.Conv\(dimensions)d")),
            (residual ? "n_blocks_per_stage" : "n_conv_per_stage", .null),
            ("conv_bias", .bool(true)),
            ("norm_op", .string("torch.nn.modules.instancenorm.InstanceNorm\(dimensions)d")),
            ("norm_op_kwargs", .object(JSONObject([("eps", .number(1e-5)), ("affine", .bool(true))]))),
            ("dropout_op", .null),
            ("dropout_op_kwargs", .null),
            ("nonlin_kwargs", .object(JSONObject([("inplace", .bool(true))]))),
          ])
        )
      ),
      ("_kw_requires_import", .strings(["conv_op", "norm_op", "dropout_op", "nonlin"])),
    ])
  }

  init(_ fields: JSONFields) throws {
    document = fields.object
    className = try fields.string("network_class_name")
    let arguments = try fields.fields("arch_kwargs")
    let stages = try arguments.int("n_stages", default: 0, in: 1...16)
    features = try arguments.ints("features_per_stage")
    kernels = try arguments.intLists("kernel_sizes")
    strides = try arguments.intLists("strides")
    convolutionsPerStage =
      if let convolutions = try arguments.intsIfPresent("n_conv_per_stage") { convolutions } else {
        try arguments.ints("n_blocks_per_stage")
      }
    convolutionsPerDecoderStage = try arguments.ints("n_conv_per_stage_decoder")
    activation = try arguments.string("nonlin")
    negativeSlope = try arguments.fieldsIfPresent("nonlin_kwargs")?.doubleIfPresent("negative_slope") ?? 0.01
    normEpsilon = try arguments.fieldsIfPresent("norm_op_kwargs")?.doubleIfPresent("eps") ?? 1e-5

    func check(_ key: String, _ count: Int, _ expected: Int) throws {
      guard count == expected else {
        throw arguments.error(key, found: "\(count) entries", expected: "\(expected) for \(stages) stages")
      }
    }
    try check("features_per_stage", features.count, stages)
    try check("kernel_sizes", kernels.count, stages)
    try check("strides", strides.count, stages)
    try check("n_conv_per_stage", convolutionsPerStage.count, stages)
    try check("n_conv_per_stage_decoder", convolutionsPerDecoderStage.count, stages - 1)
    func checkRange(_ key: String, _ values: [Int], _ range: ClosedRange<Int>) throws {
      if let value = values.first(where: { !range.contains($0) }) {
        throw arguments.error(
          key, found: "\(value)", expected: "numbers from \(range.lowerBound) to \(range.upperBound)")
      }
    }
    try checkRange("features_per_stage", features, 1...65536)
    try checkRange("kernel_sizes", kernels.flatMap { $0 }, 1...31)
    try checkRange("strides", strides.flatMap { $0 }, 1...64)
    try checkRange("n_conv_per_stage", convolutionsPerStage + convolutionsPerDecoderStage, 1...64)
  }

  var json: JSON {
    var document = document
    document["network_class_name"] = .string(className)
    var arguments = arguments
    arguments["n_stages"] = .integer(features.count)
    arguments["features_per_stage"] = .integers(features)
    arguments["kernel_sizes"] = .array(kernels.map(JSON.integers))
    arguments["strides"] = .array(strides.map(JSON.integers))
    let convolutions = arguments["n_blocks_per_stage"] == nil ? "n_conv_per_stage" : "n_blocks_per_stage"
    arguments[convolutions] = .integers(convolutionsPerStage)
    arguments["n_conv_per_stage_decoder"] = .integers(convolutionsPerDecoderStage)
    arguments["nonlin"] = .string(activation)
    document["arch_kwargs"] = .object(arguments)
    return .object(document)
  }
}
