import Files
import UNet

extension NetworkPlan {
  /// Translates the plan into an architecture that can be built.
  ///
  /// Missing arguments get nnU-Net's and PyTorch's defaults.
  ///
  /// - Parameters:
  ///   - inputChannels: Channels of the images.
  ///   - outputChannels: Channels of the logits.
  ///   - subject: The name of the plan in error messages.
  /// - Throws: `InputError` naming the class or argument that is not supported.
  func architecture(inputChannels: Int, outputChannels: Int, subject: String) throws -> Architecture {
    let arguments = try JSONFields(.object(arguments), file: subject, path: "arch_kwargs")
    try checkArguments(arguments)
    return Architecture(
      encoder: try encoder(subject), inputChannels: inputChannels, outputChannels: outputChannels, features: features,
      kernels: kernels, strides: strides, convolutionsPerStage: convolutionsPerStage,
      convolutionsPerDecoderStage: convolutionsPerDecoderStage,
      convolutionBias: try arguments.boolIfPresent("conv_bias") ?? false,
      normalization: try normalization(arguments), normEpsilon: Float(normEpsilon),
      activation: try activation(arguments))
  }

  private func encoder(_ subject: String) throws -> Architecture.EncoderKind {
    switch Self.lastComponent(className) {
    case "PlainConvUNet": return .plain
    case "ResidualEncoderUNet": return .residual
    default:
      throw InputError(
        subject, found: "the network \(className)", expected: "PlainConvUNet or ResidualEncoderUNet",
        advice: "Other networks are not supported.")
    }
  }

  /// Refuses unknown arguments, which might change the network. Those that are null or false cannot.
  private func checkArguments(_ arguments: JSONFields) throws {
    let known = [
      "n_stages", "features_per_stage", "conv_op", "kernel_sizes", "strides", "n_conv_per_stage", "n_blocks_per_stage",
      "n_conv_per_stage_decoder", "conv_bias", "norm_op", "norm_op_kwargs", "dropout_op", "dropout_op_kwargs", "nonlin",
      "nonlin_kwargs", "deep_supervision",
    ]
    let unknown = arguments.object.elements.filter { entry in
      !known.contains(entry.key) && entry.value != .null && entry.value != .bool(false)
    }
    if let argument = unknown.first {
      throw arguments.error(argument.key, found: argument.value.kind, expected: "no such argument; it is not supported")
    }
    if let convolution = try arguments.stringIfPresent("conv_op"), Self.lastComponent(convolution) != "Conv3d" {
      throw arguments.error("conv_op", found: convolution, expected: "torch.nn.modules.conv.Conv3d")
    }
    if let dropout = try arguments.stringIfPresent("dropout_op"),
      try arguments.fieldsIfPresent("dropout_op_kwargs")?.doubleIfPresent("p") ?? 0.5 != 0
    {
      throw arguments.error("dropout_op", found: dropout, expected: "null; dropout is not supported")
    }
  }

  private func normalization(_ arguments: JSONFields) throws -> NormalizationKind? {
    guard let name = try arguments.stringIfPresent("norm_op") else { return nil }
    let settings = try arguments.fieldsIfPresent("norm_op_kwargs")
    try settings?.allow(["eps", "affine", "momentum", "track_running_stats"])
    let affine = try settings?.boolIfPresent("affine")
    let tracks = try settings?.boolIfPresent("track_running_stats")
    switch Self.lastComponent(name) {
    case "InstanceNorm3d":
      guard tracks != true else {
        throw arguments.error("norm_op_kwargs", found: "running statistics", expected: "none with \(name)")
      }
      return .instance(affine: affine ?? false)
    case "BatchNorm3d":
      guard tracks != false, try settings?.doubleIfPresent("momentum") ?? 0.1 == 0.1 else {
        throw arguments.error(
          "norm_op_kwargs", found: "another momentum, or no running statistics",
          expected: "running statistics with PyTorch's momentum of 0.1")
      }
      return .batch(affine: affine ?? true)
    default:
      throw arguments.error(
        "norm_op", found: name, expected: "torch.nn.modules.instancenorm.InstanceNorm3d, BatchNorm3d, or null")
    }
  }

  private func activation(_ arguments: JSONFields) throws -> Activation {
    let settings = try arguments.fieldsIfPresent("nonlin_kwargs")
    try settings?.allow(["inplace", "negative_slope", "alpha", "approximate"])
    switch Self.lastComponent(activation) {
    case "ReLU": return .relu
    case "LeakyReLU": return .leakyReLU(slope: Float(negativeSlope))
    case "ELU": return .elu(alpha: Float(try settings?.doubleIfPresent("alpha") ?? 1))
    case "GELU":
      guard try settings?.stringIfPresent("approximate") ?? "none" == "none" else {
        throw arguments.error("nonlin_kwargs", found: "an approximate GELU", expected: "\"approximate\": \"none\"")
      }
      return .gelu
    case "SiLU": return .silu
    case "Mish": return .mish
    default:
      throw arguments.error(
        "nonlin", found: activation, expected: "torch.nn.LeakyReLU, ReLU, ELU, GELU, SiLU or Mish")
    }
  }

  /// The class name without its module: PyTorch and nnU-Net have moved classes between modules.
  private static func lastComponent(_ path: String) -> String { String(path.split(separator: ".").last ?? "") }
}
