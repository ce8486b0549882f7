import Datasets
import Files
import NIfTI

/// One training, or several whose probabilities are averaged, as by nnU-Net's `nnUNetv2_ensemble`. The trainings may differ in spacing, patch and
/// network, but not in channels and labels. The folds of one training are averaged before, as logits.
public struct Ensemble {
  private let members: [Predictor]

  public var dataset: DatasetDescription { members[0].dataset }

  /// A single training.
  public init(_ predictor: Predictor) { members = [predictor] }

  /// The folds of one training are the models that lie in one folder as `fold_K`.
  ///
  /// - Throws: `InputError` when a model is of other channels or labels than the first, or as `Predictor` does.
  public init(_ models: [Model], options: Predictor.Options) throws {
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
    members = try trainings.map { try Predictor($0, options: options) }
  }

  /// Segments one case; a label map it may have is not looked at.
  ///
  /// - Parameter withProbabilities: also keeps the probabilities of all classes.
  /// - Throws: `InputError` when an image cannot be read or does not fit the others, or weights give numbers that are not finite.
  public func predict(_ rawCase: RawCase, withProbabilities: Bool = false) throws -> Prediction {
    guard members.count > 1 else { return try members[0].predict(rawCase, withProbabilities: withProbabilities) }
    let first = try members[0].predict(rawCase, withProbabilities: true)
    var mean = first.probabilities ?? []
    for member in members.dropFirst() {
      let other = try member.predict(rawCase, withProbabilities: true).probabilities ?? []
      for index in mean.indices { mean[index] += other[index] }
    }
    for index in mean.indices { mean[index] /= Float(members.count) }
    let voxels = first.labels.voxels.count
    var decision = LabelDecision(
      voxels: voxels, regionLabels: dataset.hasRegions ? dataset.regionsClassOrder : nil, threshold: 0.5)
    for head in 0..<mean.count / voxels { decision.add(Array(mean[head * voxels..<(head + 1) * voxels])) }
    return Prediction(
      name: first.name, ending: first.ending, labels: Volume(shape: first.labels.shape, voxels: decision.labels),
      geometry: first.geometry, probabilities: withProbabilities ? mean : nil)
  }
}
