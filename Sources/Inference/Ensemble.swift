import Datasets
import Files

/// One training, or several whose probabilities are averaged, as by nnU-Net's `nnUNetv2_ensemble`. The trainings may differ in spacing, patch and
/// network, but not in channels and labels. The folds of one training are averaged before, as logits.
public struct Ensemble {
  public let dataset: DatasetDescription
  private let members: [Predictor]
  private let decision: EnsembleDecision

  /// The folds of one training are the models that lie in one folder as `fold_K`.
  ///
  /// - Throws: `InputError` when a model is of other channels or labels than the first, or as `Predictor` does.
  public init(_ models: [Model], options: Predictor.Options = .init()) throws {
    guard let first = models.first else {
      throw InputError("models", found: "none", expected: "at least one model folder")
    }
    var trainings: [[Model]] = []
    for model in models {
      guard model.hasLabels(of: first) else {
        throw InputError(
          model.folder.path, found: "other channels or labels than in \(first.folder.path)",
          expected: "models of the same task")
      }
      if let index = trainings.firstIndex(where: { $0[0].training == model.training }) {
        trainings[index].append(model)
      } else {
        trainings.append([model])
      }
    }
    dataset = first.dataset
    members = try trainings.map { try Predictor($0, options: options) }
    decision = EnsembleDecision(dataset: dataset, segmenters: trainings.map { Segmenter(model: $0[0]) })
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
    let (dataset, decision, preprocessors) = (dataset, decision, members.map(\.preprocessor))
    try Pipeline(
      prepare: { try PreparedCase($0, dataset, preprocessors) },
      compute: logits,
      finish: { try body(decision.decide($0, withProbabilities: withProbabilities)) }
    ).run(cases)
  }

  private func logits(of one: PreparedCase) throws -> CaseLogits {
    CaseLogits(
      name: one.name, geometry: one.geometry,
      trainings: try zip(members, one.images).map { (try $0.logits(of: $1), $1.properties) })
  }
}
