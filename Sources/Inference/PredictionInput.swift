import Datasets
import NIfTI

/// What the networks see of a case.
struct PredictionInput: Sendable {
  let name: String
  /// Of the case's first channel.
  let geometry: Geometry
  /// As each training wants it.
  let images: [PreprocessedCase]

  /// Reads and preprocesses a case; a label map it may have is not looked at.
  ///
  /// - Throws: `InputError` when an image cannot be read, does not fit the others, or is not one that the trainings are for.
  init(_ rawCase: RawCase, _ description: DatasetDescription, _ preprocessors: [Preprocessor]) throws {
    let loaded = try LoadedCase(RawCase(name: rawCase.name, images: rawCase.images, label: nil), description)
    name = rawCase.name
    geometry = loaded.geometry
    images = try preprocessors.map { try $0.preprocess(images: loaded.images, labels: nil, caseName: rawCase.name) }
  }
}
