import Files
import Foundation
import Plans

/// A folder with a trained network of one fold, ours or nnU-Net's: which files it holds, and under which names.
///
/// Training writes `RESULTS/fold_K` with the files named here. nnU-Net's `fold_K` holds `checkpoint_final.pth`, and its
/// `plans.json` and `dataset.json` lie in the folder above; they are looked for there where the folder has none.
public struct ModelFolder: Sendable, Equatable {
  /// Which weights of a training.
  public enum Checkpoint: String, Sendable, CaseIterable {
    /// After the last epoch.
    case final
    /// After the epoch with the best moving average of the pseudo Dice.
    case best
    /// After the last epoch that has been written, with all that a run needs to be resumed.
    case latest

    var fileName: String { "checkpoint_\(rawValue)" }
  }

  public let url: URL

  public init(_ url: URL) { self.url = url }

  /// The folder of a fold among a training's results.
  public init(fold: Fold, of results: URL) { url = results.appendingPathComponent("fold_\(fold)") }

  public var plan: URL { file("plans.json") }
  public var description: URL { file("dataset.json") }
  /// A table with a row for each epoch.
  public var log: URL { file("log.csv") }
  /// A table with a row for each epoch and training case.
  public var samplerLog: URL { file("sampler.csv") }
  /// A table of the cases that stayed hard.
  public var suspects: URL { file("suspects.csv") }
  /// The folder of the segmentations of the cases held out.
  public var validation: URL { file("validation") }
  /// What cross-validation has decided on.
  public var postprocessing: URL { file("postprocessing.json") }

  /// The weights that training writes.
  public func checkpoint(_ checkpoint: Checkpoint) -> URL { file(checkpoint.fileName + ".safetensors") }

  public func has(_ checkpoint: Checkpoint) -> Bool { Self.exists(self.checkpoint(checkpoint)) }

  /// The folder of the training that the fold belongs to: the one above `fold_K`, or the folder itself.
  public var training: URL {
    let folder = url.standardizedFileURL
    return folder.lastPathComponent.hasPrefix("fold_") ? folder.deletingLastPathComponent() : folder
  }

  /// The folder for preprocessed cases among a training's results, where none is named.
  public static func preprocessed(in results: URL) -> URL { results.appendingPathComponent("preprocessed") }

  private func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  private static func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }
}

extension ModelFolder {
  /// Finds the folders of a training's folds, or the folder itself when it is that of one fold.
  ///
  /// - Parameters:
  ///   - names: 0, 1, … or all. When left out, the folds that are there; `fold_all` only where it is the only one.
  /// - Throws: `InputError` when a fold is not there.
  public static func folds(_ names: [String] = [], of results: URL) throws -> [ModelFolder] {
    func contents(_ url: URL) -> [String] { (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? [] }
    let present = contents(results).filter { name in
      name.hasPrefix("fold_")
        && contents(results.appendingPathComponent(name)).contains { $0.hasPrefix("checkpoint_") }
    }.sorted()
    guard !names.isEmpty else {
      let numbered = present.filter { $0 != "fold_all" }
      let chosen = numbered.isEmpty ? present : numbered
      return chosen.isEmpty
        ? [ModelFolder(results)] : chosen.map { ModelFolder(results.appendingPathComponent($0)) }
    }
    return try names.map { name in
      guard present.contains("fold_\(name)") else {
        throw InputError(
          results.path, found: present.isEmpty ? "no folds" : present.joined(separator: ", "), expected: "fold_\(name)")
      }
      return ModelFolder(results.appendingPathComponent("fold_\(name)"))
    }
  }

  /// Reads the plan, the folder's own or that of the training.
  ///
  /// - Throws: `InputError` when there is none, or it is unusable.
  public func readPlan() throws -> Plan { try Plan.read(planFile()) }

  /// Reads `dataset.json`, the folder's own or that of the training.
  ///
  /// - Throws: `InputError` when there is none, or it is unusable.
  public func readDescription() throws -> DatasetDescription {
    try DatasetDescription(contentsOf: descriptionFile())
  }

  /// The file `readPlan` reads.
  ///
  /// - Throws: `InputError` when there is none.
  public func planFile() throws -> URL { try existing(["plans.json"], orAbove: true) }

  /// The file `readDescription` reads.
  ///
  /// - Throws: `InputError` when there is none.
  public func descriptionFile() throws -> URL { try existing(["dataset.json"], orAbove: true) }

  /// The file with a training's weights: ours, or else nnU-Net's `.pth`.
  ///
  /// - Throws: `InputError` when there is none.
  public func weights(_ checkpoint: Checkpoint) throws -> URL {
    try existing(["\(checkpoint.fileName).safetensors", "\(checkpoint.fileName).pth"], orAbove: false)
  }

  /// The first of some files that exists in the folder, or in the one above.
  func existing(_ names: [String], orAbove: Bool) throws -> URL {
    let above = url.resolvingSymlinksInPath().deletingLastPathComponent()
    let candidates = ([url] + (orAbove ? [above] : [])).flatMap { folder in
      names.map { folder.appendingPathComponent($0) }
    }
    guard let file = candidates.first(where: Self.exists) else {
      throw InputError(
        url.path, found: "no \(names.joined(separator: " or "))",
        expected: "a model folder with plans.json, dataset.json and weights",
        advice: "Is the training finished, and is this the folder of the training or of one of its folds?")
    }
    return file
  }
}
