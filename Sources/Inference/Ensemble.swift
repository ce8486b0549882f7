import Datasets
import Files

/// One training, or several whose probabilities are averaged, as by nnU-Net's `nnUNetv2_ensemble`. The trainings may differ in spacing, patch and
/// network, but not in channels and labels. The folds of one training are averaged before, as logits.
public struct Ensemble {
  public let dataset: DatasetDescription
  /// What cross-validation decided on for these models; every prediction goes through it.
  public let postprocessing: Postprocessing?
  private let members: [Predictor]
  private let decision: EnsembleAverage

  /// The folds of one training are the models that lie in one folder as `fold_K`.
  ///
  /// - Parameter postprocesses: Whether predictions go through the post-processing that the model folders name.
  /// - Throws: `InputError` when a model is of other channels or labels than the first, when models differ in their
  ///   post-processing, or as `Predictor` does.
  public init(_ models: [Model], options: Predictor.Options = .init(), postprocesses: Bool = true) throws {
    guard let first = models.first else {
      throw InputError("models", found: "none", expected: "at least one model folder")
    }
    var trainings: [[Model]] = []
    for model in models {
      guard model.hasLabels(of: first) else {
        throw InputError(
          model.folder.url.path, found: "other channels or labels than in \(first.folder.url.path)",
          expected: "models of the same task")
      }
      if let index = trainings.firstIndex(where: { $0[0].folder.training == model.folder.training }) {
        trainings[index].append(model)
      } else {
        trainings.append([model])
      }
    }
    dataset = first.dataset
    postprocessing = postprocesses ? try Postprocessing.common(to: models.map(\.folder)) : nil
    members = try trainings.map { try Predictor($0, options: options) }
    decision = EnsembleAverage(dataset: dataset, segmenters: trainings.map { LogitsToLabels(model: $0[0]) })
  }

  /// Segments cases in their order. While the networks are at a case the next one is read and the last one's logits are made
  /// labels, each on a thread of its own.
  ///
  /// - Parameters:
  ///   - withProbabilities: also keeps the probabilities of all classes.
  ///   - body: gets the predictions, one at a time, on a thread of its own.
  /// - Throws: `InputError` when an image cannot be read or does not fit the others, or weights give numbers that are not finite, or
  ///   what `body` throws; the cases before are predicted then, and none behind.
  public func predict(
    _ cases: [RawCase], withProbabilities: Bool = false, _ body: @escaping @Sendable (Prediction) throws -> Void
  ) throws {
    let (dataset, decision, postprocessing) = (dataset, decision, postprocessing)
    let preprocessors = members.map(\.preprocessor)
    try Pipeline(
      prepare: { try PredictionInput($0, dataset, preprocessors) },
      compute: logits,
      finish: { logits in
        var prediction = try decision.decide(logits, withProbabilities: withProbabilities)
        if let postprocessing { prediction.labels = postprocessing.apply(to: prediction.labels) }
        try body(prediction)
      }
    ).run(cases)
  }

  private func logits(of one: PredictionInput) throws -> CaseLogits {
    CaseLogits(
      name: one.name, geometry: one.geometry,
      trainings: try zip(members, one.images).map { (try $0.logits(of: $1), $1.properties) })
  }
}
