import Datasets
import Files
import Foundation
import Plans
import TensorFiles
import Tensors
import UNet

/// A trained network of one fold, read from its model folder.
///
/// The folder holds `plans.json`, `dataset.json`, either of which may be in the folder above instead, and the weights:
/// `checkpoint_final.safetensors`, or nnU-Net's `checkpoint_final.pth`.
public struct Model: Sendable {
  /// The folder the model was read from.
  public let folder: ModelFolder
  /// The plan, reduced to the configuration that the network was trained with.
  public let plan: Plan
  /// The configuration that the network was trained with.
  public let configuration: PlanConfiguration
  /// The input channels and labels.
  public let dataset: DatasetDescription
  /// The network that the weights belong to.
  public let architecture: Architecture
  /// The axes of the network's input (0 = z) along which predictions may be mirrored and averaged.
  ///
  /// All three where training mirrored its patches; none where the plan trains without augmentation. A checkpoint of
  /// nnU-Net lists its own.
  public let mirrorAxes: [Int]
  /// The weights under nnU-Net's names.
  package let weights: Safetensors
  /// The checksum of the weights; `nil` for files of other programs.
  public var weightsChecksum: String? { weights.checksum }

  /// Reads plan, description and weights.
  ///
  /// - Parameters:
  ///   - folder: The model folder of one fold.
  ///   - checkpoint: Which weights of the training to read.
  /// - Throws: `InputError` when one of the three files is missing or unusable, when the weights belong to a cascade,
  ///   or when the plan's network is not supported.
  public init(_ folder: ModelFolder, checkpoint: ModelFolder.Checkpoint = .final) throws {
    self.folder = folder
    let weightsFile = try folder.weights(checkpoint)
    var plan = try folder.readPlan()
    dataset = try folder.readDescription()
    if weightsFile.pathExtension == "pth" {
      let checkpoint = try PyTorchFile(contentsOf: weightsFile)
      weights = try checkpoint.networkWeights()
      // Trainers without mirroring store None, and the oldest store nothing: neither is mirrored.
      let axes = checkpoint.integers("inference_allowed_mirroring_axes") ?? []
      mirrorAxes = checkpoint.isStateDictionary ? [0, 1, 2] : axes
      configuration = try Self.configuration(checkpoint.string("init_args", "configuration"), of: plan, in: weightsFile)
    } else {
      weights = try Safetensors(contentsOf: weightsFile)
      try weights.checkIntegrity()
      // A network that was trained without mirrored patches does not know them, as with nnU-Net's trainers.
      mirrorAxes = plan.training.augmentation == .none ? [] : [0, 1, 2]
      configuration = plan.configuration
    }
    plan.configurations = [configuration]
    self.plan = plan
    guard mirrorAxes.allSatisfy({ 0...2 ~= $0 }), Set(mirrorAxes).count == mirrorAxes.count else {
      throw InputError(weightsFile.path, found: "the mirroring axes \(mirrorAxes)", expected: "some of 0, 1 and 2")
    }
    architecture = try configuration.architecture(
      inputChannels: dataset.channelNames.count, outputChannels: dataset.outputChannels
    ).withNormalization(of: weights)
  }

  /// Finds the configuration that a checkpoint of nnU-Net was trained with.
  private static func configuration(_ name: String?, of plan: Plan, in file: URL) throws -> PlanConfiguration {
    guard let name else { return plan.configuration }
    guard let configuration = plan.configurations.first(where: { $0.name == name }) else {
      throw InputError(
        file.path, found: "a network of the configuration \(name)",
        expected: "one of \(plan.configurations.map(\.name).joined(separator: ", ")), as in its plans.json")
    }
    guard !name.contains("cascade") else {
      throw InputError(
        file.path, found: "a network of the configuration \(name)",
        expected: "a configuration that does not need another network's output",
        advice: "Use the 3d_lowres or the 3d_fullres model.")
    }
    return configuration
  }

  /// Whether the logits of both models can be averaged: preprocessing, patch, network and labels are the same.
  func canAverageLogits(with other: Model) -> Bool {
    architecture == other.architecture && plan.inputDifference(from: other.plan) == nil && hasSameTask(as: other)
  }

  /// Whether both models have the same input channels and labels.
  func hasSameTask(as other: Model) -> Bool { dataset.hasSameTask(as: other.dataset) }
}
