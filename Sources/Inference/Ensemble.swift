import Datasets
import Files
import NIfTI

/// A trained model, or several that predict together.
///
/// The models are grouped by training: the folds of one training are the models whose folders `fold_K` lie in the same
/// folder. As in nnU-Net, the logits of the folds of one training are averaged on the preprocessed grid, and the
/// probabilities of different trainings are averaged on the grid of the image (`nnUNetv2_ensemble`). The trainings may
/// differ in spacing, patch and network, but not in input channels and labels.
public struct Ensemble {
  /// The input channels, the labels and the file ending that all models share.
  public let dataset: DatasetDescription
  /// The post-processing that cross-validation chose for these models; applied to every prediction if not `nil`.
  public let postprocessing: Postprocessing?
  let predictors: [Predictor]

  /// Builds the networks and loads their weights.
  ///
  /// - Parameters:
  ///   - models: At least one model.
  ///   - options: How tiles are placed and mirrored, and what computes them.
  ///   - postprocesses: Whether predictions are post-processed as the model folders say.
  /// - Throws: `InputError` when there is no model, when models differ in input channels, labels or post-processing,
  ///   when the folds of one training differ in preprocessing, patch or network, when weights do not fit, or when the
  ///   precision is not available.
  public init(_ models: [Model], options: Predictor.Options = .init(), postprocesses: Bool = true) throws {
    guard let first = models.first else {
      throw InputError("models", found: "none", expected: "at least one model folder")
    }
    var trainings: [[Model]] = []
    for model in models {
      guard model.hasSameTask(as: first) else {
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
    predictors = try trainings.map { try Predictor($0, options: options) }
  }

  /// Segments cases in the given order.
  ///
  /// Three cases are in work at a time: while the networks run on one, the next is read and preprocessed, and the
  /// previous one is post-processed and passed to `body`.
  ///
  /// - Parameters:
  ///   - cases: The cases; their label files, if any, are not read.
  ///   - withProbabilities: Whether predictions contain the probabilities of all output channels.
  ///   - overlaps: Whether three cases are in work at a time; otherwise one, in a third of the memory or less.
  ///   - changing: Receives the position of each case in `cases` and its images as they were read, and may change their
  ///     voxels, on a background thread.
  ///   - failed: Receives, in the place of a prediction, why an image cannot be read or does not fit the other
  ///     channels, or that logits are not finite. By default it throws that error, which ends the prediction.
  ///   - body: Receives the predictions one at a time, in order, on a background thread.
  /// - Throws: Any error of `failed` and `body`. The cases before the one that failed have then been passed to `body`,
  ///   and none after it.
  public func predict(
    _ cases: [RawCase], withProbabilities: Bool = false, overlaps: Bool = true,
    changing: @escaping @Sendable (_ index: Int, _ images: inout [Image]) -> Void = { _, _ in },
    failed: @escaping @Sendable (InputError) throws -> Void = { throw $0 },
    _ body: @escaping @Sendable (Prediction) throws -> Void
  ) throws {
    let (dataset, postprocessing) = (dataset, postprocessing)
    let preprocessors = predictors.map(\.preprocessor)
    try Pipeline(
      overlaps: overlaps,
      prepare: { index, rawCase in
        try Self.attempt {
          try PredictionInput(rawCase, dataset, preprocessors) { images in changing(index, &images) }
        }
      },
      compute: { input in try Self.attempt { try segment(input.get(), withProbabilities: withProbabilities) } },
      finish: { segmentation in
        switch segmentation {
        case .failure(let error): try failed(error)
        case .success(let segmentation):
          var prediction = segmentation.prediction
          if let postprocessing { prediction.labels = postprocessing.apply(to: prediction.labels) }
          try body(prediction)
        }
      }
    ).run(cases.enumerated().map { ($0, $1) })
  }

  /// The result of `body`, or the `InputError` that it throws; other errors are thrown on.
  private static func attempt<Value>(_ body: () throws -> Value) throws -> Result<Value, InputError> {
    do { return .success(try body()) } catch let error as InputError { return .failure(error) }
  }

  /// Adds the trainings one after the other.
  private func segment(_ input: PredictionInput, withProbabilities: Bool) throws -> Segmentation {
    var segmentation = Segmentation(
      name: input.name, geometry: input.geometry, dataset: dataset, trainings: predictors.count,
      withProbabilities: withProbabilities)
    for (predictor, image) in zip(predictors, input.images) { try segmentation.add(image, predictor) }
    return segmentation
  }
}
