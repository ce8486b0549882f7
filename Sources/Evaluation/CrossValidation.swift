import Datasets
import Files
import Foundation
import NIfTI

/// The validation of several folds of one training put together: every case judged by the network that did not see it.
///
/// It leaves what nnU-Net leaves: the folder `crossval_results_folds_0_1_2_3_4` with all segmentations and their
/// `summary.json`, in it the folder `postprocessed` with the same after post-processing, and `postprocessing.json`.
public struct CrossValidation: Sendable {
  /// Where the results are.
  public let folder: URL
  public let summary: EvaluationSummary
  public let postprocessed: EvaluationSummary
  /// What was decided on; also written into the folds' model folders, where prediction finds it.
  public let rule: Postprocessing

  /// Gathers the validation of `results/fold_…`, judges it, and decides on post-processing.
  ///
  /// - Parameters:
  ///   - results: the folder that holds the folds' model folders.
  ///   - overwrite: replaces an earlier result.
  /// - Throws: `InputError` when a fold is not trained, when two folds have validated the same case, when the folds
  ///   are of different data sets, and when there is a result already.
  public init(results: URL, folds: [Fold], dataset: RawDataset, overwrite: Bool) throws {
    let name = "crossval_results_folds_" + folds.map(\.description).joined(separator: "_")
    let folder = results.appendingPathComponent(name)
    guard let reference = dataset.cases.first?.label?.deletingLastPathComponent(), !folds.isEmpty else {
      throw InputError(results.path, found: "nothing to gather", expected: "folds, and a data set with labels")
    }
    let models = folds.map { ModelFolder(fold: $0, of: results) }
    let predictions = try Self.predictions(of: models, dataset.description)
    if FileManager.default.fileExists(atPath: folder.path) {
      guard overwrite else {
        throw InputError(
          folder.path, found: "a result already", expected: "none", advice: "Use --overwrite to replace it.")
      }
      try FileManager.default.removeItem(at: folder)
    }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for file in try predictions + [models[0].descriptionFile(), models[0].planFile()] {
      try FileManager.default.copyItem(at: file, to: folder.appendingPathComponent(file.lastPathComponent))
    }
    self.folder = folder
    let (description, groups) = (dataset.description, try dataset.groups())
    let ending = description.fileEnding
    let cases = predictions.map { String($0.lastPathComponent.dropLast(ending.count)) }
    func evaluate(_ folder: URL) throws -> EvaluationSummary {
      let summary = try Evaluator.evaluate(
        reference: reference, prediction: folder, description: description, groups: groups, cases: cases)
      try summary.write(to: folder)
      return summary
    }
    summary = try evaluate(folder)
    let rule = try PostprocessingSearch.search(reference: reference, prediction: folder, description: description)
    let after = folder.appendingPathComponent("postprocessed")
    for one in cases {
      let (labels, geometry) = try NIfTIFile.readLabels(folder.appendingPathComponent(one + ending))
      try NIfTIFile.write(
        labels: rule.apply(to: labels), geometry: geometry, to: after.appendingPathComponent(one + ending))
    }
    postprocessed = try evaluate(after)
    self.rule = rule
    let document = JSON.object(
      JSONObject(
        [("input_folder", SummaryFile.means(summary)), ("postprocessed", SummaryFile.means(postprocessed))]
          + rule.members))
    for model in [ModelFolder(folder)] + models { try AtomicFile.replace(model.postprocessing, with: document.text) }
  }

  /// The mean Dice over the foreground, by which nnU-Net chooses among models.
  public var meanDice: Double { SummaryFile.foregroundMeanDice(summary) }

  /// The folds' segmentations of the cases they held out.
  private static func predictions(of models: [ModelFolder], _ description: DatasetDescription) throws -> [URL] {
    var predictions: [String: URL] = [:]
    for model in models {
      let validation = model.validation
      guard let names = try? FileManager.default.contentsOfDirectory(atPath: validation.path) else {
        throw InputError(
          validation.path, found: "no such folder", expected: "the segmentations of a trained fold",
          advice: "Train this fold, or name those that are trained with --folds.")
      }
      let own = try model.readDescription()
      guard own.labels == description.labels, own.fileEnding == description.fileEnding else {
        throw InputError(
          model.url.path, found: "a model for other labels", expected: "those of the data set's dataset.json")
      }
      for name in names.sorted() where name.hasSuffix(description.fileEnding) && !name.hasPrefix(".") {
        if let other = predictions[name] {
          throw InputError(
            validation.appendingPathComponent(name).path, found: "a case that \(other.path) is of too",
            expected: "every case in one fold", advice: "Were the folds trained with different splits?")
        }
        predictions[name] = validation.appendingPathComponent(name)
      }
    }
    guard !predictions.isEmpty else {
      throw InputError(models[0].url.path, found: "no segmentation in validation", expected: "those of a trained fold")
    }
    return predictions.values.sorted { $0.lastPathComponent < $1.lastPathComponent }
  }
}
