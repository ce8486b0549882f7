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
  /// - Parameter changing: May change the voxels of the images before they are preprocessed.
  /// - Throws: `InputError` when an image cannot be read, does not fit the other channels, or cannot be preprocessed.
  init(
    _ rawCase: RawCase, _ description: DatasetDescription, _ preprocessors: [Preprocessor],
    changing: (inout [Image]) -> Void = { _ in }
  ) throws {
    name = rawCase.name
    var raw = try LoadedCase(RawCase(name: rawCase.name, images: rawCase.images, label: nil), description).images
    geometry = raw[0].geometry
    changing(&raw)
    var images: [PreprocessedCase] = []
    for preprocessor in preprocessors.dropLast() {
      images.append(try preprocessor.preprocess(images: raw, labels: nil, caseName: name))
    }
    // For the last training the images need not outlive their preprocessing.
    images.append(
      try preprocessors[preprocessors.count - 1].preprocess(images: consume raw, labels: nil, caseName: name))
    self.images = images
  }
}
