import Datasets
import Evaluation
import Files
import Foundation
import Inference
import NIfTI
import TensorFiles

/// Compares the cases that a fold held out with what its network says of them.
struct FoldAuditing {
  let model: ModelFolder
  let cases: [RawCase]
  let description: DatasetDescription

  /// The name of the fold.
  var name: String { String(model.url.standardizedFileURL.lastPathComponent.trimmingPrefix("fold_")) }

  /// Finds the cases that a fold held out: those with a segmentation in its folder `validation`.
  ///
  /// - Throws: `InputError` when there are none, or when model and data set do not go together.
  init(_ model: ModelFolder, of dataset: RawDataset) throws {
    self.model = model
    description = dataset.description
    let ending = description.fileEnding
    let own = try model.readDescription()
    guard own.hasSameTask(as: description), own.fileEnding == ending else {
      throw InputError(
        model.url.path, found: "a model for other channels or labels", expected: "those of the data set's dataset.json")
    }
    guard model.url.standardizedFileURL.lastPathComponent != "fold_all" else {
      throw InputError(
        model.url.path, found: "a network that was trained on all cases", expected: "folds that held cases out",
        advice: "Train the folds 0 to 4: a network agrees with the labels that it has learned, right or wrong.")
    }
    let files = (try? FileManager.default.contentsOfDirectory(atPath: model.validation.path)) ?? []
    let names = Set(files.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }.map { $0.dropLast(ending.count) })
    cases = dataset.cases.filter { names.contains(Substring($0.name)) }
    guard cases.count == names.count, !cases.isEmpty else {
      let other = names.subtracting(cases.map { Substring($0.name) }).min()
      throw InputError(
        model.validation.path, found: other.map { "a case \($0) that the data set has not" } ?? "no segmentation",
        expected: "the segmentations of the cases that a trained fold held out",
        advice: other == nil ? "Train this fold, or name those that are trained with --folds." : nil)
    }
  }

  /// The file with the probabilities of a case, if they have been written.
  func probabilities(of rawCase: RawCase) -> URL? {
    let file = model.validation.appendingPathComponent("\(rawCase.name)_probabilities.safetensors")
    return FileManager.default.fileExists(atPath: file.path) ? file : nil
  }

  /// The file with the segmentation of a case.
  func segmentation(of rawCase: RawCase) -> URL {
    model.validation.appendingPathComponent(rawCase.name + description.fileEnding)
  }

  /// Compares a case that the network has just predicted.
  ///
  /// - Throws: `InputError` when the label map cannot be read or does not lie on the image.
  static func agreement(
    _ rawCase: RawCase, _ prediction: Prediction, _ description: DatasetDescription
  ) throws -> CaseAgreement {
    let (labels, geometry) = try read(rawCase, description)
    return CaseAgreement(
      name: rawCase.name, labels: labels, prediction: prediction.labels, probabilities: prediction.probabilities ?? [],
      spacing: geometry.spacing, description: description)
  }

  /// Compares a case whose probabilities are in a file.
  ///
  /// - Throws: `InputError` when a file cannot be read, does not belong to the case, or is too large for the memory.
  func agreement(_ rawCase: RawCase, probabilities file: URL) throws -> CaseAgreement {
    let (labels, geometry) = try Self.read(rawCase, description)
    let stored = try Safetensors(contentsOf: file)
    let shape = [description.outputChannels] + labels.shape
    let found = try stored.entry("probabilities").shape
    guard found == shape else {
      throw InputError(
        file.path, found: "probabilities of the shape \(found)", expected: "\(shape) (channel, z, y, x)",
        advice: "Remove the file, and the case is predicted again.")
    }
    let bytes = shape.reduce(4, *) + CaseAgreement.bytesPerVoxel * labels.voxels.count
    guard bytes <= AvailableMemory.bytes else {
      throw InputError(
        file.path, found: "probabilities that need \(ByteCount.text(bytes)) of memory",
        expected: "at most the \(ByteCount.text(AvailableMemory.bytes)) that are available")
    }
    try stored.checkIntegrity()
    let probabilities = try stored.floats("probabilities")
    guard probabilities.allSatisfy({ 0 <= $0 && $0 <= 1 }) else {
      throw InputError(file.path, found: "values that are no probabilities", expected: "0 to 1")
    }
    let segmentation = segmentation(of: rawCase)
    let prediction = try NIfTIFile.readLabels(segmentation).labels
    guard prediction.shape == labels.shape else {
      throw InputError(segmentation.path, found: "the shape \(prediction.shape)", expected: "\(labels.shape) (z, y, x)")
    }
    return CaseAgreement(
      name: rawCase.name, labels: labels, prediction: prediction, probabilities: probabilities,
      spacing: geometry.spacing, description: description)
  }

  private static func read(
    _ rawCase: RawCase, _ description: DatasetDescription
  ) throws -> (Volume<Int32>, Geometry) {
    guard let file = rawCase.label else {
      throw InputError("case \(rawCase.name)", found: "no label map", expected: "one")
    }
    let (labels, geometry) = try NIfTIFile.readLabels(file)
    try RawCase.check(labels, of: file, description)
    return (labels, geometry)
  }
}
