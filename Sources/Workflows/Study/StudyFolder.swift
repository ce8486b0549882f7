import Datasets
import Files
import Foundation

/// The files of a study's results.
public struct StudyFolder: Sendable {
  /// The folder.
  public let url: URL

  /// Names a folder, which need not exist.
  public init(_ url: URL) { self.url = url }

  /// The preprocessed cases that all arms share.
  var preprocessed: URL { url.appendingPathComponent("preprocessed") }
  /// A CSV table with a row for each step that is done: its kind, its name and the seconds it took.
  var log: URL { url.appendingPathComponent("study.csv") }
  /// The page on which all arms are compared.
  public var report: URL { url.appendingPathComponent("report.html") }

  /// The folder of an arm's training with one seed.
  func results(_ arm: String, _ seed: Int) -> URL { url.appendingPathComponent("\(arm)/seed_\(seed)") }

  /// The model folder of a training.
  public func model(_ arm: String, _ seed: Int, _ fold: Fold) -> ModelFolder {
    ModelFolder(fold: fold, of: results(arm, seed))
  }

  /// The segmentations of an arm with one seed, and their scores.
  public func predictions(_ arm: String, _ seed: Int) -> URL {
    results(arm, seed).appendingPathComponent("predictions")
  }

  /// The scores of an arm with one seed.
  public func scores(_ arm: String, _ seed: Int) -> URL {
    predictions(arm, seed).appendingPathComponent("cases.csv")
  }
}
