import Datasets
import Files
import Foundation
import Tensors
import UNet

/// A trained network in its folder: `plans.json`, `dataset.json` and a checkpoint are enough.
public struct Model: Sendable {
  public let folder: URL
  public let plan: Plan
  public let configuration: PlanConfiguration
  public let dataset: DatasetDescription
  public let architecture: Architecture
  let weights: Safetensors

  /// - Parameter checkpoint: name of the weights file in the folder.
  /// - Throws: `InputError` when one of the three files is missing or cannot be used.
  public init(_ folder: URL, checkpoint: String = "checkpoint_final.safetensors") throws {
    guard FileManager.default.fileExists(atPath: folder.path) else {
      throw InputError(
        folder.path, found: "no such folder", expected: "a model folder with plans.json, dataset.json and \(checkpoint)"
      )
    }
    for name in ["plans.json", "dataset.json", checkpoint] {
      guard FileManager.default.fileExists(atPath: folder.appendingPathComponent(name).path) else {
        throw InputError(
          folder.path, found: "no \(name)", expected: "a model folder with plans.json, dataset.json and \(checkpoint)",
          advice: "Is the training finished, and is this the folder of the fold?")
      }
    }
    self.folder = folder
    plan = try Plan.read(folder.appendingPathComponent("plans.json"))
    configuration = plan.configuration
    dataset = try DatasetDescription(contentsOf: folder.appendingPathComponent("dataset.json"))
    architecture = try configuration.architecture(
      inputChannels: dataset.channelNames.count, outputChannels: dataset.outputChannels)
    weights = try Safetensors(contentsOf: folder.appendingPathComponent(checkpoint))
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
      && dataset.labels == other.dataset.labels && dataset.regionsClassOrder == other.dataset.regionsClassOrder
      && dataset.channelNames == other.dataset.channelNames
  }
}
