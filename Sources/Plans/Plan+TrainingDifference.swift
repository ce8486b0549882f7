import Files
import UNet

extension Plan {
  /// The first setting in which the patches differ that networks of two plans see.
  ///
  /// - Returns: The setting's key and its values in this plan and the other; `nil` when both see the same patches.
  public func inputDifference(from other: Plan) -> (key: String, own: String, other: String)? {
    let (own, others) = (configuration, other.configuration)
    let settings: [(key: String, own: String, other: String)] = [
      ("patch_size", "\(own.patchSize)", "\(others.patchSize)"),
      ("spacing", "\(own.spacing)", "\(others.spacing)"),
      ("normalization_schemes", "\(own.normalizationSchemes)", "\(others.normalizationSchemes)"),
      ("use_mask_for_norm", "\(own.useMaskForNorm)", "\(others.useMaskForNorm)"),
      ("resampling_fn_data", "\(own.dataResampling)", "\(others.dataResampling)"),
      ("transpose_forward", "\(transposeForward)", "\(other.transposeForward)"),
    ]
    if let setting = settings.first(where: { $0.own != $0.other }) { return setting }
    if own.normalizationSchemes.contains("CTNormalization"), intensityProperties != other.intensityProperties {
      return ("foreground_intensity_properties_per_channel", "of other images", "those of the plan")
    }
    return nil
  }

  /// The first setting in which trainings by two plans would differ.
  ///
  /// Names, other configurations, the order of keys, the number of epochs, the time, and what happens to steps that are
  /// not finite do not matter.
  ///
  /// - Returns: The setting's key and its values in this plan and the other; `nil` when both train the same network in
  ///   the same way on the same data.
  /// - Throws: `InputError` when a network is not supported.
  public func trainingDifference(from other: Plan) throws -> (key: String, own: String, other: String)? {
    if let difference = inputDifference(from: other) { return difference }
    let (own, others) = (configuration, other.configuration)
    func text<Value>(_ value: Value) -> String { "\(value)" }
    let settings: [(key: String, own: String, other: String)] = [
      ("batch_size", text(own.batchSize), text(others.batchSize)),
      ("batch_dice", text(own.batchDice), text(others.batchDice)),
      ("resampling_fn_seg", text(own.segmentationResampling), text(others.segmentationResampling)),
    ]
    if let setting = settings.first(where: { $0.own != $0.other }) { return setting }
    // Channels and classes are the data set's; here they only complete the description of the network.
    func network(_ configuration: PlanConfiguration) throws -> Architecture {
      try configuration.architecture(inputChannels: configuration.normalizationSchemes.count, outputChannels: 2)
    }
    if try network(own) != network(others) { return ("architecture", "of another network", "that of the plan") }
    if intensityProperties != other.intensityProperties {
      return ("foreground_intensity_properties_per_channel", "of other images", "those of the plan")
    }
    return settingsDifference(from: other)
  }

  private func settingsDifference(from other: Plan) -> (String, String, String)? {
    var others = other.training
    others.epochs = training.epochs
    others.hours = training.hours
    others.skipsNonFiniteSteps = training.skipsNonFiniteSteps
    guard training != others, case .object(let first) = training.json, case .object(let second) = others.json else {
      return nil
    }
    func text(_ value: JSON?) -> String {
      value.map { $0.text.split(whereSeparator: \.isWhitespace).joined(separator: " ") } ?? "nothing"
    }
    let key = (Array(first.keys) + second.keys).first { first[$0] != second[$0] } ?? "training"
    return ("training.\(key)", text(first[key]), text(second[key]))
  }
}
