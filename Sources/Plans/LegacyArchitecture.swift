import Files

/// The keys that described a network before nnU-Net introduced `architecture`. Many published models still use them.
enum LegacyArchitecture {
  private static let classKey = "UNet_class_name"
  private static let otherKeys = [
    "UNet_base_num_features", "unet_max_num_features", "n_conv_per_stage_encoder", "n_conv_per_stage_decoder",
    "conv_kernel_sizes", "pool_op_kernel_sizes", "num_pool_per_axis",
  ]

  /// Replaces the older keys of a configuration with the `architecture` that nnU-Net derives from them.
  ///
  /// A configuration that has `architecture`, or none of the older keys, is returned unchanged.
  ///
  /// - Throws: `InputError` when the older keys do not describe a network.
  static func replaced(in fields: JSONFields) throws -> JSONFields {
    guard fields.object["architecture"] == nil, let name = try fields.stringIfPresent(classKey) else { return fields }
    let isResidual = name == "ResidualEncoderUNet"
    guard isResidual || name == "PlainConvUNet" else {
      throw fields.error(classKey, found: name, expected: "PlainConvUNet or ResidualEncoderUNet")
    }
    let stages = try fields.ints("n_conv_per_stage_encoder")
    let range = 1...65536
    let (baseFeatures, maximumFeatures) = (
      try fields.int("UNet_base_num_features", default: 32, in: range),
      try fields.int("unet_max_num_features", default: 320, in: range)
    )
    var plan = NetworkPlan(
      features: stages.indices.map { min(baseFeatures << min($0, 16), maximumFeatures) },
      kernels: try fields.intLists("conv_kernel_sizes"),
      strides: try fields.intLists("pool_op_kernel_sizes"), activation: NetworkPlan.leakyReLU, residual: isResidual)
    plan.convolutionsPerStage = stages
    plan.convolutionsPerDecoderStage = try fields.ints("n_conv_per_stage_decoder")
    var object = fields.object
    object["architecture"] = plan.json
    for key in [classKey] + otherKeys { object[key] = nil }
    return try JSONFields(.object(object), file: fields.file, path: fields.path)
  }
}
