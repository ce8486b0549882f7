import Files
import Foundation
import HardnessWeighting
import TestSupport
import Testing
import UNet

@testable import Plans

/// Protects the plans file: reading and writing nnU-Net's schema, inheritance, our `training` object, and the refusal
/// of broken plans.
@Suite struct PlanTests {
  private func plan(_ text: String) throws -> Plan {
    try Plan(JSON.parse(Data(text.utf8), file: "plans.json"), file: "plans.json")
  }

  @Test func readsEverything() throws {
    let plan = try plan(SamplePlan.text)
    let configuration = plan.configuration
    #expect(configuration.name == "3d_fullres")
    #expect(configuration.patchSize == [8, 16, 16])
    #expect(configuration.spacing == [2, 1, 1])
    #expect(configuration.batchDice)
    #expect(configuration.useMaskForNorm == [true])
    #expect(configuration.dataResampling.order == 1)
    #expect(configuration.segmentationResampling.order == 1)
    #expect(configuration.network.negativeSlope == 0.2)
    #expect(configuration.network.normEpsilon == 1e-5)
    #expect(plan.transposeForward == [1, 0, 2])
    #expect(plan.intensityProperties[0].percentile995 == 2.5)
    #expect(plan.training == TrainingSettings())
    try configuration.checkSupported()
  }

  @Test func inheritance() throws {
    let small = try #require(try plan(SamplePlan.text).configurations.first { $0.name == "small" })
    #expect(small.batchSize == 5)
    #expect(small.patchSize == [8, 16, 16])
    let circle = SamplePlan.text.replacingOccurrences(
      of: "\"data_identifier\": \"x\"", with: "\"inherits_from\": \"small\"")
    #expect(throws: InputError.self) { try plan(circle) }
    #expect(throws: InputError.self) {
      try plan(
        SamplePlan.text.replacingOccurrences(of: "\"inherits_from\": \"3d_fullres\"", with: "\"inherits_from\": \"no\"")
      )
    }
  }

  /// Distillation is off unless the plan has its object, whose keys have defaults, and which is written as it was read.
  @Test func distillation() throws {
    func training(_ members: String) throws -> TrainingSettings {
      try plan(SamplePlan.text.dropLast() + ", \"training\": {\(members)}}").training
    }
    #expect(try training("").distillation == nil)
    #expect(try training(#""distillation": {}"#).distillation == DistillationSettings())
    let text = #""distillation": {"weight": 2, "temperature": 4, "groups": true, "step_size": 0.1, "adjustment": 3}"#
    let settings = try training(text)
    #expect(settings.distillation?.groups == true && settings.distillation?.adjustment == 3)
    #expect(try TrainingSettings(JSONFields(settings.json, file: "")) == settings)
    for wrong in [#"{"temperature": 0}"#, #"{"weight": -1}"#, #"{"alpha": 1}"#, "0.5"] {
      #expect(throws: InputError.self) { try training("\"distillation\": \(wrong)") }
    }
  }

  /// A robust loss has the default parameter of its kind. A parameter that is learned starts where it can move.
  @Test func robustLoss() throws {
    func training(_ object: String) throws -> TrainingSettings {
      try plan(SamplePlan.text.dropLast() + ", \"training\": {\"robust_loss\": \(object)}}").training
    }
    #expect(try training("null").robustLoss == nil)
    #expect(try training("{}").robustLoss == RobustLossSettings(.generalized))
    #expect(try training(#"{"kind": "polynomial"}"#).robustLoss?.parameter == 5)
    let settings = try training(
      #"{"kind": "bi-tempered", "parameter": 0.3, "adaptive": true, "learning_rate": 0.1}"#)
    #expect(settings.robustLoss?.kind == .biTempered && settings.robustLoss?.adaptive == true)
    #expect(try TrainingSettings(JSONFields(settings.json, file: "")) == settings)
    #expect(try training(#"{"parameter": 1}"#).robustLoss?.parameter == 1)
    for wrong in [
      #"{"parameter": 0}"#, #"{"parameter": 1.1}"#, #"{"parameter": 1, "adaptive": true}"#, #"{"kind": "robust"}"#,
      #"{"kind": "polynomial", "parameter": 0.01}"#, #"{"kind": "bi-tempered", "parameter": 1}"#,
      #"{"learning_rate": -1}"#, #"{"alpha": 1}"#, "0.5",
    ] {
      #expect(throws: InputError.self, "\(wrong)") { try training(wrong) }
    }
  }

  /// Adversarial training is off unless the plan has its object. What it cannot do is refused.
  @Test func adversarialTraining() throws {
    func training(_ members: String) throws -> TrainingSettings {
      try plan(SamplePlan.text.dropLast() + ", \"training\": {\(members)}}").training
    }
    #expect(try training("").adversarial == nil)
    #expect(try training("").json.text.contains("adversarial") == false)
    #expect(try training(#""adversarial": {}"#).adversarial == AdversarialSettings())
    let settings = try training(
      #""adversarial": {"mode": "worst-of", "kinds": ["bias", "noise"], "severity": 1, "share": 0.25, "step_size": 0, "#
        + #""tries": 4}"#)
    let adversarial = try #require(settings.adversarial)
    #expect(adversarial.kinds == [.bias, .noise] && adversarial.mode == .worstOf && adversarial.tries == 4)
    #expect(adversarial.severity == 1 && adversarial.share == 0.25 && adversarial.stepSize == 0)
    #expect(try TrainingSettings(JSONFields(settings.json, file: "")) == settings)
    for wrong in [
      #"{"kinds": []}"#, #"{"kinds": ["bias", "bias"]}"#, #"{"kinds": "bias"}"#, #"{"kinds": ["blur"]}"#,
      #"{"mode": "best"}"#, #"{"severity": 1.1}"#, #"{"share": -0.1}"#, #"{"tries": 0}"#, #"{"step": 1}"#, "true",
    ] {
      #expect(throws: InputError.self, "\(wrong)") { try training("\"adversarial\": \(wrong)") }
    }
    let error = #expect(throws: InputError.self) { try training(#""adversarial": {"kinds": ["affine"]}"#) }
    #expect(error?.advice?.contains("augmentation") == true)
  }

  /// Members that we do not know are kept when the file is read and written.
  @Test func writesWhatItRead() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("plans.json")
      var plan = try plan(SamplePlan.text)
      plan.configuration.batchSize = 3
      plan.training.sampler.name = .hardness
      try plan.write(to: file)
      let again = try Plan.read(file)
      #expect(again.configuration.batchSize == 3)
      #expect(again.training.sampler.name == .hardness)
      let text = try String(contentsOf: file, encoding: .utf8)
      #expect(text.contains("\"elses\": 1"))
      #expect(text.contains("\"strange\": [1]"))
      #expect(text.contains("\"negative_slope\": 0.2"))
    }
  }

  @Test func trainingSettings() throws {
    let text =
      SamplePlan.text.dropLast() + #", "training": {"epochs": 7, "sampler": {"name": "hardness", "beta": 10}}}"#
    let training = try plan(String(text)).training
    #expect(training.epochs == 7)
    #expect(training.iterationsPerEpoch == 250)
    #expect(training.sampler.name == .hardness)
    #expect(training.sampler.hardness == HardnessOptions(beta: .fixed(10)))
  }

  /// Every strategy's settings are read as they were written.
  @Test(arguments: SamplerSettings.Name.allCases) func samplerSettings(name: SamplerSettings.Name) throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("plans.json")
      var plan = try plan(SamplePlan.text)
      var sampler = SamplerSettings()
      sampler.name = name
      switch name {
      case .uniform, .shuffled: break
      case .static: sampler.weightsFile = "weights.csv"
      case .groupBalanced: sampler.groupColumn = "scanner"
      case .groupDRO: (sampler.groupColumn, sampler.stepSize, sampler.adjustment) = ("scanner", 0.1, 2)
      case .hardness: sampler.hardness = .published(beta: 30)
      case .cvar: sampler.worstShare = 0.4
      case .chiSquare: sampler.radius = 0.5
      case .rank: sampler.power = 2
      case .topK: sampler.k = 3
      case .justTrainTwice:
        (sampler.firstStage, sampler.worstShare, sampler.upsampling) = ("first/fold_0", 0.1, 7)
        sampler.weightsFile = "weights.csv"
      }
      plan.training.sampler = sampler
      try plan.write(to: file)
      #expect(try Plan.read(file).training.sampler == sampler)
    }
  }

  /// Every option of the hardness strategy is read, and options that exclude each other are refused.
  @Test func hardnessSettings() throws {
    func read(_ settings: String) throws -> HardnessOptions {
      let text = SamplePlan.text.dropLast() + #", "training": {"sampler": {"name": "hardness", \#(settings)}}}"#
      return try plan(String(text)).training.sampler.hardness
    }
    var options = HardnessOptions(beta: .effectiveSampleSize(0.25))
    options.rampEpochs = 3
    options.memory = .runningMean(decay: 0.9)
    options.floor = .uniformShare(0.1)
    options.cap = 0.2
    options.refresh = 0.05
    options.replacement = false
    options.importance = .normalized
    let text = """
      "beta": "ess:0.25", "beta_ramp_epochs": 3, "running_mean": 0.9, "uniform_share": 0.1, "cap": 0.2, \
      "refresh": 0.05, "replacement": false, "importance_weights": "normalized"
      """
    #expect(try read(text) == options)
    #expect(try read(#""beta": "inf""#).beta == .fixed(.infinity))
    for wrong in [
      #""beta": "ess:0""#, #""beta": "ess:1.5""#, #""beta": "nan""#, #""beta": NaN"#, #""beta": -3"#, #""beta": true"#,
      #""running_mean": 0.9, "momentum": 0.5"#, #""floor": 0.1, "uniform_share": 0.1"#, #""cap": 0"#,
      #""importance_weights": "much""#,
    ] {
      #expect(throws: InputError.self) { try read(wrong) }
    }
  }

  @Test(arguments: [
    #"{"epoch": 7}"#, #"{"epochs": 0}"#, #"{"epochs": "7"}"#, #"{"epochs": 1e300}"#, #"{"sampler": {"name": "best"}}"#,
    #"{"sampler": {"beta": -1}}"#, #"{"momentum": 1}"#, #"{"initial_learning_rate": NaN}"#,
    #"{"augmentation": "most"}"#, "[]",
  ])
  func refusedTraining(settings: String) {
    #expect(throws: InputError.self) { try plan(SamplePlan.text.dropLast() + #", "training": \#(settings)}"#) }
  }

  @Test(arguments: [
    ("[8, 16, 16]", "[8, 15, 16]"), ("[8, 16, 16]", "[8, 16]"), ("[8, 16, 16]", "[8, 0, 16]"),
    ("[8, 16, 16]", "[8, 16, 9223372036854775807]"), ("[2, 1.0, 1.0]", "[2, 0.0, 1.0]"),
    ("\"batch_size\": 2", "\"batch_size\": 0"),
    ("\"n_stages\": 2", "\"n_stages\": 3"), ("[[1, 1, 1], [1, 2, 2]]", "[[1, 1, 1], [1, 0, 2]]"),
    ("[[1, 1, 1], [1, 2, 2]]", "[[1, 1], [2, 2]]"),
    ("\"transpose_backward\": [1, 0, 2]", "\"transpose_backward\": [0, 1, 2]"),
    ("[1, 0, 2], \"transpose_b", "[1, 0, 0], \"transpose_b"), ("{\"order\": 1}", "{\"order\": 2}"),
    ("[true]", "[]"), ("\"configurations\"", "\"configs\""),
  ])
  func refused(old: String, new: String) {
    let text = SamplePlan.text.replacingOccurrences(of: old, with: new)
    #expect(text != SamplePlan.text)
    #expect { try plan(text) } throws: { error in
      (error as? InputError)?.subject == "plans.json"
    }
  }

  /// Settings of a plan's network mean what they mean in nnU-Net; those left out have PyTorch's defaults.
  @Test func networks() throws {
    func architecture(_ changes: (String, String)...) throws -> Architecture {
      var text = SamplePlan.text
      for (old, new) in changes {
        #expect(text.contains(old))
        text = text.replacingOccurrences(of: old, with: new)
      }
      return try plan(text).configuration.architecture(inputChannels: 1, outputChannels: 2)
    }
    func nonlin(_ new: String) -> (String, String) {
      (#""torch.nn.LeakyReLU", "nonlin_kwargs": {"inplace": true, "negative_slope": 0.2}"#, new)
    }
    func adding(_ new: String) -> (String, String) { (#""n_stages": 2"#, #""n_stages": 2, "# + new) }
    let plain = try architecture()
    #expect(plain.encoder == .plain)
    #expect(!plain.convolutionBias)
    #expect(plain.normalization == nil)
    #expect(plain.activation == .leakyReLU(slope: 0.2))
    let residual = try architecture(
      ("PlainConvUNet", "ResidualEncoderUNet"), ("n_conv_per_stage\"", "n_blocks_per_stage\""))
    #expect(residual.encoder == .residual)
    #expect(residual.convolutionsPerStage == [2, 2])
    let instance = #""conv_bias": true, "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d""#
    #expect(try architecture(adding(instance)).convolutionBias)
    #expect(try architecture(adding(instance)).normalization == .instance(affine: false))
    let affine = instance + #", "norm_op_kwargs": {"eps": 0.001, "affine": true}"#
    #expect(try architecture(adding(affine)).normalization == .instance(affine: true))
    #expect(try architecture(adding(affine)).normEpsilon == 0.001)
    let batch = #""norm_op": "torch.nn.modules.batchnorm.BatchNorm3d""#
    #expect(try architecture(adding(batch)).normalization == .batch(affine: true))
    #expect(try architecture(nonlin(#""torch.nn.ELU""#)).activation == .elu(alpha: 1))
    #expect(try architecture(nonlin(#""torch.nn.ELU", "nonlin_kwargs": {"alpha": 2}"#)).activation == .elu(alpha: 2))
    #expect(try architecture(nonlin(#""torch.nn.modules.activation.GELU""#)).activation == .gelu)
    #expect(try architecture(nonlin(#""torch.nn.SiLU""#)).activation == .silu)
    #expect(try architecture(nonlin(#""torch.nn.Mish""#)).activation == .mish)
  }

  /// Plans of nnU-Net's first releases describe the network in keys of the configuration itself.
  @Test func olderPlans() throws {
    let start = try #require(SamplePlan.text.range(of: "\"architecture\": "))
    let end = try #require(SamplePlan.text.range(of: "0.2}}}"))
    let older = #"""
      "UNet_class_name": "PlainConvUNet", "UNet_base_num_features": 24, "unet_max_num_features": 40,
      "n_conv_per_stage_encoder": [2, 3], "n_conv_per_stage_decoder": [1], "num_pool_per_axis": [0, 1, 1],
      "pool_op_kernel_sizes": [[1, 1, 1], [1, 2, 2]], "conv_kernel_sizes": [[1, 3, 3], [3, 3, 3]]
      """#
    let text = SamplePlan.text.replacingCharacters(in: start.lowerBound..<end.upperBound, with: older)
    let read = try plan(text)
    let expected = Architecture(
      inputChannels: 1, outputChannels: 2, features: [24, 40], kernels: [[1, 3, 3], [3, 3, 3]],
      strides: [[1, 1, 1], [1, 2, 2]], convolutionsPerStage: [2, 3], convolutionsPerDecoderStage: [1],
      activation: .leakyReLU(slope: 0.01))
    #expect(try read.configuration.architecture(inputChannels: 1, outputChannels: 2) == expected)
    let again = try Plan(read.json, file: "again")
    #expect(try again.configuration.architecture(inputChannels: 1, outputChannels: 2) == expected)
    let residual = try plan(text.replacingOccurrences(of: "PlainConvUNet", with: "ResidualEncoderUNet"))
    #expect(try residual.configuration.architecture(inputChannels: 1, outputChannels: 2).encoder == .residual)
    for (old, new) in [
      ("PlainConvUNet", "Unknown"), ("[2, 3]", "[2]"), ("[1], \"num", "[1, 1], \"num"), (": 24", ": 0"),
    ] {
      #expect(throws: InputError.self) { try plan(text.replacingOccurrences(of: old, with: new)) }
    }
  }

  /// Plans for other networks can be read. Only training and prediction refuse them, with the name of what is not
  /// supported.
  @Test(arguments: [
    ("PlainConvUNet", "PrimusM", "PrimusM"), ("torch.nn.LeakyReLU", "torch.nn.PReLU", "torch.nn.PReLU"),
    ("\"n_stages\": 2", "\"n_stages\": 2, \"norm_op\": \"torch.nn.GroupNorm\"", "torch.nn.GroupNorm"),
    ("\"n_stages\": 2", "\"n_stages\": 2, \"dropout_op\": \"torch.nn.Dropout3d\"", "torch.nn.Dropout3d"),
    ("\"n_stages\": 2", "\"n_stages\": 2, \"nonlin_first\": true", "nonlin_first"),
    ("\"n_stages\": 2", "\"n_stages\": 2, \"conv_op\": \"torch.nn.modules.conv.Conv2d\"", "Conv2d"),
  ])
  func unsupportedNetworks(old: String, new: String, name: String) throws {
    let text = SamplePlan.text.replacingOccurrences(of: old, with: new)
    #expect(text != SamplePlan.text)
    let plan = try plan(text)
    #expect { try plan.configuration.checkSupported() } throws: { error in
      "\(error)".contains(name) && error is InputError
    }
  }
}
