import Datasets
import NIfTI

/// A case that is ready for the networks of all trainings.
struct PredictionInput: Sendable {
  let name: String
  /// The geometry of the case's first input channel.
  let geometry: Geometry
  /// The images as each training's plan preprocesses them.
  let images: [PreprocessedCase]

  /// Reads a case and preprocesses it for each training; its label file, if any, is not read.
  ///
  /// - Throws: `InputError` when an image cannot be read, does not fit the other channels, or cannot be preprocessed.
  init(_ rawCase: RawCase, _ description: DatasetDescription, _ preprocessors: [Preprocessor]) throws {
    let loaded = try LoadedCase(RawCase(name: rawCase.name, images: rawCase.images, label: nil), description)
    name = rawCase.name
    geometry = loaded.geometry
    images = try preprocessors.map { try $0.preprocess(images: loaded.images, labels: nil, caseName: rawCase.name) }
  }
}
