import Files
import Foundation

/// The `architecture` object of a plan's configuration: a network described with nnU-Net's keys.
///
/// Its arrays have one entry for each resolution stage, full resolution first. Axes are (z, y, x) in the plan's
/// transposed order, or (y, x) for slices.
public struct NetworkPlan: Sendable, Equatable {
  /// The class name of nnU-Net's plain U-Net.
  public static let plainUNet = "dynamic_network_architectures.architectures.unet.PlainConvUNet"
  /// The class name of nnU-Net's U-Net with a residual encoder.
  public static let residualUNet = "dynamic_network_architectures.architectures.unet.ResidualEncoderUNet"
  /// PyTorch's name of the leaky ReLU.
  public static let leakyReLU = "torch.nn.LeakyReLU"
  /// PyTorch's name of the ReLU.
  public static let relu = "torch.nn.ReLU"

  /// The Python class of the network, `network_class_name` in the file.
  public var className: String
  /// Feature channels of each stage.
  public var features: [Int]
  /// Kernel size of each stage in voxels.
  public var kernels: [[Int]]
  /// Stride of the first convolution of each stage; ones for the first stage.
  public var strides: [[Int]]
  /// Convolutions in each encoder stage; blocks where the encoder is residual.
  public var convolutionsPerStage: [Int]
  /// Convolutions in each decoder stage, coarsest first: one entry fewer than there are encoder stages.
  public var convolutionsPerDecoderStage: [Int]
  /// PyTorch's class name of the activation.
  public var activation: String
  /// Slope of a leaky ReLU for negative inputs, by default 0.01.
  public let negativeSlope: Double
  /// The constant added to the variance in normalization layers, by default 1e-5.
  public let normEpsilon: Double
  /// The whole object as read, so that unused keys survive.
  private var document: JSONObject

  /// The arguments that nnU-Net passes to the class, as read.
  var arguments: JSONObject { if case .object(let object)? = document["arch_kwargs"] { object } else { JSONObject() } }

  /// Creates a U-Net with nnU-Net's defaults, in as many dimensions as `kernels` and `strides` have.
  ///
  /// A plain network has two convolutions in every stage. A residual one has 1, 3, 4, 6, 6, … blocks in the encoder's
  /// stages and one convolution in each of the decoder's. Convolutions have a bias, and instance normalization is
  /// affine.
  ///
  /// - Parameters:
  ///   - features: Feature channels of each stage, full resolution first.
  ///   - kernels: Kernel size of each stage in voxels.
  ///   - strides: Stride of each stage.
  ///   - activation: PyTorch's class name of the activation, such as `leakyReLU`.
  ///   - residual: Whether the encoder is made of residual blocks.
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

  /// - Throws: `InputError` for a missing key, lists whose lengths differ, and values out of range.
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
