import Files
import Foundation
import Plans

/// The files of one trained fold and their names.
///
/// Training writes the folder `RESULTS/fold_K`. nnU-Net's own model folders can be read too: their `fold_K` holds
/// `checkpoint_final.pth`, and `plans.json` and `dataset.json` are in the folder above.
public struct ModelFolder: Sendable, Equatable {
  /// The state of the network at some point of the training.
  public enum Checkpoint: String, Sendable, CaseIterable {
    /// After the last epoch.
    case final
    /// After the epoch with the best moving average of the pseudo Dice, or the best robust score that the plan names.
    case best
    /// The exponential moving average of the weights after the last epoch, if the plan asks for it.
    case ema
    /// After the last epoch that was saved, with everything needed to resume the training.
    case latest

    var fileName: String { "checkpoint_\(rawValue)" }
  }

  /// The folder.
  public let url: URL

  /// Names a model folder, which need not exist.
  public init(_ url: URL) { self.url = url }

  /// Names the folder of a fold in the folder of a training's results.
  public init(fold: Fold, of results: URL) { url = results.appendingPathComponent("fold_\(fold)") }

  /// The plan that the network was trained with.
  public var plan: URL { file("plans.json") }
  /// The description of the data set.
  public var description: URL { file("dataset.json") }
  /// A CSV table with a row for each epoch.
  public var log: URL { file("log.csv") }
  /// A CSV table with a row for each epoch and training case.
  public var samplerLog: URL { file("sampler.csv") }
  /// A table with a row for each visit of a training case: what its patch was like, and what the sampler was told.
  public var visits: URL { file("visits.csv") }
  /// A plot of the training so far, SVG.
  public var progress: URL { file("progress.svg") }
  /// A CSV table of the cases that stayed hard.
  public var suspects: URL { file("suspects.csv") }
  /// The folder with the segmentations of the validation cases.
  public var validation: URL { file("validation") }
  /// The post-processing that cross-validation found to help.
  public var postprocessing: URL { file("postprocessing.json") }

  /// The `checkpoint_latest` before the last, in case that one is damaged; training removes it at its end.
  public var previousCheckpoint: URL { file("checkpoint_previous.safetensors") }

  /// The weights file that training writes.
  public func checkpoint(_ checkpoint: Checkpoint) -> URL { file(checkpoint.fileName + ".safetensors") }

  /// Whether the folder holds weights that training wrote.
  public func has(_ checkpoint: Checkpoint) -> Bool { Self.exists(self.checkpoint(checkpoint)) }

  /// The folder of the training's results: the one above `fold_K`, or the folder itself if it has another name.
  public var training: URL {
    let folder = url.standardizedFileURL
    return folder.lastPathComponent.hasPrefix("fold_") ? folder.deletingLastPathComponent() : folder
  }

  /// The default folder for preprocessed cases in the folder of a training's results.
  public static func preprocessed(in results: URL) -> URL { results.appendingPathComponent("preprocessed") }

  private func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  private static func exists(_ url: URL) -> Bool { FileManager.default.fileExists(atPath: url.path) }
}

extension ModelFolder {
  /// Finds the model folders of a training's folds.
  ///
  /// - Parameters:
  ///   - names: The folds, `0`, `1`, … or `all`. If empty, all folds that exist, with `fold_all` only if there is no
  ///     other.
  ///   - results: The folder of the training's results, or of one fold.
  /// - Returns: The folds' folders in the given order; `results` itself if it holds no folds and none are named.
  /// - Throws: `InputError` when a named fold does not exist.
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

  /// Reads `plans.json` in the folder or, if there is none, in the one above.
  ///
  /// - Throws: `InputError` when there is no such file or it is unusable.
  public func readPlan() throws -> Plan { try Plan.read(planFile()) }

  /// Reads `dataset.json` in the folder or, if there is none, in the one above.
  ///
  /// - Throws: `InputError` when there is no such file or it is unusable.
  public func readDescription() throws -> DatasetDescription {
    try DatasetDescription(contentsOf: descriptionFile())
  }

  /// The file that ``readPlan()`` reads.
  ///
  /// - Throws: `InputError` when there is no such file.
  public func planFile() throws -> URL { try existing(["plans.json"], searchesParent: true) }

  /// The file that ``readDescription()`` reads.
  ///
  /// - Throws: `InputError` when there is no such file.
  public func descriptionFile() throws -> URL { try existing(["dataset.json"], searchesParent: true) }

  /// The file with the weights: `.safetensors` or, if there is none, nnU-Net's `.pth`.
  ///
  /// - Throws: `InputError` when there is neither.
  public func weights(_ checkpoint: Checkpoint) throws -> URL {
    try existing(["\(checkpoint.fileName).safetensors", "\(checkpoint.fileName).pth"], searchesParent: false)
  }

  /// The first of the named files that exists in the folder or, if allowed, in the one above.
  func existing(_ names: [String], searchesParent: Bool) throws -> URL {
    let parent = url.resolvingSymlinksInPath().deletingLastPathComponent()
    let candidates = ([url] + (searchesParent ? [parent] : [])).flatMap { folder in
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
