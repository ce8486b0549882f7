import Datasets
import Files
import Foundation
import Tensors
import UNet

/// A trained network of one fold in its folder, ours or nnU-Net's.
///
/// Ours holds `plans.json`, `dataset.json` and `checkpoint_final.safetensors`. nnU-Net's `fold_K` holds `checkpoint_final.pth`; plans and
/// `dataset.json` lie in the folder above it.
public struct Model: Sendable {
  /// Which weights of a training are meant.
  public enum Checkpoint: String, Sendable, CaseIterable {
    /// After the last epoch.
    case final
    /// After the epoch with the best moving average of the pseudo Dice.
    case best
    /// After the last epoch that has been written.
    case latest
  }

  public let folder: URL
  /// The folder of the training that the model belongs to: the one above `fold_K`, or the model's own.
  var training: URL {
    let folder = folder.standardizedFileURL
    return folder.lastPathComponent.hasPrefix("fold_") ? folder.deletingLastPathComponent() : folder
  }
  /// With the model's configuration alone.
  public let plan: Plan
  public let configuration: PlanConfiguration
  public let dataset: DatasetDescription
  public let architecture: Architecture
  /// Axes (0 = z) along which mirror images may be averaged over: all, unless nnU-Net's checkpoint says otherwise.
  public let mirrorAxes: [Int]
  let weights: Safetensors

  /// - Throws: `InputError` when one of the three files is missing or cannot be used.
  public init(_ folder: URL, checkpoint: Checkpoint = .final) throws {
    let name = "checkpoint_\(checkpoint.rawValue)"
    func file(_ names: [String], in folders: [URL]) throws -> URL {
      let places = folders.flatMap { folder in names.map { folder.appendingPathComponent($0) } }
      guard let place = places.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
        throw InputError(
          folder.path, found: "no \(names.joined(separator: " or "))",
          expected: "a model folder with plans.json, dataset.json and \(name)",
          advice: "Is the training finished, and is this the folder of the training or of one of its folds?")
      }
      return place
    }
    let above = folder.resolvingSymlinksInPath().deletingLastPathComponent()
    self.folder = folder
    let weightsFile = try file(["\(name).safetensors", "\(name).pth"], in: [folder])
    var plan = try Plan.read(file(["plans.json"], in: [folder, above]))
    dataset = try DatasetDescription(contentsOf: file(["dataset.json"], in: [folder, above]))
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

  /// The folders of the folds of a training, or the folder itself when it is that of one fold.
  ///
  /// - Parameters:
  ///   - names: 0, 1, … or all; those that are there when left out, without `fold_all` where there are others.
  /// - Throws: `InputError` when a fold is not there.
  public static func folds(_ names: [String] = [], of folder: URL) throws -> [URL] {
    let present = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { name in
      name.hasPrefix("fold_")
        && !((try? FileManager.default.contentsOfDirectory(
          atPath: folder.appendingPathComponent(name).path)) ?? []).filter { $0.hasPrefix("checkpoint_") }.isEmpty
    }.sorted()
    guard !names.isEmpty else {
      let numbered = present.filter { $0 != "fold_all" }
      let chosen = numbered.isEmpty ? present : numbered
      return chosen.isEmpty ? [folder] : chosen.map { folder.appendingPathComponent($0) }
    }
    return try names.map { name in
      guard present.contains("fold_\(name)") else {
        throw InputError(
          folder.path, found: present.isEmpty ? "no folds" : present.joined(separator: ", "), expected: "fold_\(name)")
      }
      return folder.appendingPathComponent("fold_\(name)")
    }
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
