import Datasets
import Files
import Foundation
import NIfTI

/// The validation results of several folds of one training put together: every case is evaluated with the
/// network that was not trained on it.
///
/// The files are nnU-Net's: the folder `crossval_results_folds_0_1_2_3_4` with all segmentations and their
/// `summary.json`, the folder `postprocessed` in it with the same after post-processing, and `postprocessing.json`.
public struct CrossValidation: Sendable {
  /// The folder of the results.
  public let folder: URL
  /// Before post-processing.
  public let summary: EvaluationSummary
  /// After post-processing.
  public let postprocessed: EvaluationSummary
  /// The post-processing that was chosen; also written into the folds' model folders, where prediction finds it.
  public let rule: Postprocessing

  /// Collects the validation segmentations of `results/fold_…`, evaluates them, and chooses the post-processing.
  ///
  /// - Parameters:
  ///   - results: The folder that holds the folds' model folders.
  ///   - folds: The folds to collect.
  ///   - dataset: The data set with the reference segmentations.
  ///   - overwrite: Whether to replace an earlier result.
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
    guard overwrite || !FileManager.default.fileExists(atPath: folder.path) else {
      throw InputError(
        folder.path, found: "a result already", expected: "none", advice: "Use --overwrite to replace it.")
    }
    let (description, groups) = (dataset.description, try dataset.groups())
    let ending = description.fileEnding
    let cases = predictions.map { String($0.lastPathComponent.dropLast(ending.count)) }
    func evaluate(_ folder: URL) throws -> EvaluationSummary {
      let summary = try Evaluator.evaluate(
        reference: reference, prediction: folder, description: description, groups: groups, cases: cases)
      try summary.write(to: folder)
      try RobustSummary(summary).write(to: folder)
      return summary
    }
    var found: (before: EvaluationSummary, after: EvaluationSummary, rule: Postprocessing, document: JSON)?
    // An earlier result stays until this one is complete.
    try NewFolder.replace(folder) { folder in
      for file in try predictions + [models[0].descriptionFile(), models[0].planFile()] {
        try FileManager.default.copyItem(at: file, to: folder.appendingPathComponent(file.lastPathComponent))
      }
      let before = try evaluate(folder)
      let rule = try PostprocessingSearch.search(reference: reference, prediction: folder, description: description)
      let postprocessed = folder.appendingPathComponent("postprocessed")
      for caseName in cases {
        let (labels, geometry) = try NIfTIFile.readLabels(folder.appendingPathComponent(caseName + ending))
        try NIfTIFile.write(
          labels: rule.apply(to: labels), geometry: geometry,
          to: postprocessed.appendingPathComponent(caseName + ending))
      }
      let after = try evaluate(postprocessed)
      let document = JSON.object(
        JSONObject(
          [("input_folder", SummaryFile.means(before)), ("postprocessed", SummaryFile.means(after))] + rule.members))
      try AtomicFile.replace(ModelFolder(folder).postprocessing, with: document.text)
      found = (before, after, rule, document)
    }
    guard let found else { preconditionFailure("the folder was made without being filled") }
    for model in models { try AtomicFile.replace(model.postprocessing, with: found.document.text) }
    self.folder = folder
    (summary, postprocessed, rule) = (found.before, found.after, found.rule)
  }

  /// The mean Dice over the foreground, which nnU-Net compares models by.
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
            validation.appendingPathComponent(name).path, found: "a case that \(other.path) has too",
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
