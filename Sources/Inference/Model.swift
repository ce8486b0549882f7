import Datasets
import Files
import Foundation
import Plans
import TensorFiles
import Tensors
import UNet

/// A trained network of one fold, ours or nnU-Net's, read from its folder.
public struct Model: Sendable {
  public let folder: ModelFolder
  /// With the model's configuration alone.
  public let plan: Plan
  public let configuration: PlanConfiguration
  public let dataset: DatasetDescription
  public let architecture: Architecture
  /// Axes (0 = z) along which mirror images may be averaged over: all, unless nnU-Net's checkpoint says otherwise.
  public let mirrorAxes: [Int]
  let weights: Safetensors

  /// - Throws: `InputError` when one of the three files is missing or cannot be used.
  public init(_ folder: ModelFolder, checkpoint: ModelFolder.Checkpoint = .final) throws {
    self.folder = folder
    let weightsFile = try folder.weights(checkpoint)
    var plan = try folder.readPlan()
    dataset = try folder.readDescription()
    if weightsFile.pathExtension == "pth" {
      let checkpoint = try PyTorchFile(contentsOf: weightsFile)
      weights = try checkpoint.networkWeights()
      // nnU-Net's trainers without mirroring leave None, the oldest nothing; neither is mirrored.
      let axes = checkpoint.integers("inference_allowed_mirroring_axes") ?? []
      mirrorAxes = checkpoint.isStateDictionary ? [0, 1, 2] : axes
      configuration = try Self.configuration(checkpoint.string("init_args", "configuration"), of: plan, in: weightsFile)
    } else {
      weights = try Safetensors(contentsOf: weightsFile)
      mirrorAxes = [0, 1, 2]
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

  /// The configuration that a checkpoint was trained with.
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
        expected: "one that needs no other network's output",
        advice: "Use the 3d_lowres or the 3d_fullres model.")
    }
    return configuration
  }

  /// Whether the logits of the two can be averaged: same preprocessing, patch, network and labels.
  func agrees(with other: Model) -> Bool {
    architecture == other.architecture && configuration.patchSize == other.configuration.patchSize
      && configuration.spacing == other.configuration.spacing
      && configuration.normalizationSchemes == other.configuration.normalizationSchemes
      && configuration.useMaskForNorm == other.configuration.useMaskForNorm
      && configuration.dataResampling == other.configuration.dataResampling
      && plan.transposeForward == other.plan.transposeForward
      && (!configuration.normalizationSchemes.contains("CTNormalization")
        || plan.intensityProperties == other.plan.intensityProperties)
      && hasLabels(of: other)
  }

  /// Whether the two segment the same: channels and labels are equal.
  func hasLabels(of other: Model) -> Bool {
    dataset.labels == other.dataset.labels && dataset.regionsClassOrder == other.dataset.regionsClassOrder
      && dataset.channelNames == other.dataset.channelNames
  }
}
