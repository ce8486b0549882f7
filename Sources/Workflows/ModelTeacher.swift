import Datasets
import Files
import Foundation
import Inference
import Plans
import Tensors
import Training
import UNet

/// Trained models as the teacher of a student: the mean of their logits on the student's patches.
final class ModelTeacher: Teacher {
  let checksum: String?
  private let networks: [Network]
  private let mean: Tensor

  /// Builds the networks and loads their weights.
  ///
  /// - Parameters:
  ///   - models: At least one model, as ``models(in:for:_:)`` reads them.
  ///   - plan: The plan of the student.
  /// - Throws: `InputError` when weights do not fit their plan's network.
  init(_ models: [Model], for plan: Plan, engine: Engine, precision: Precision) throws {
    networks = try models.map { try Self.network($0.architecture, plan, engine, precision) }
    for (network, model) in zip(networks, models) { try network.load(model.weights) }
    mean = Tensor(networks[0].outputs[0].shape)
    checksum = Self.checksum(of: models)
  }

  /// The checksum of models as a teacher; `nil` when one has none.
  static func checksum(of models: [Model]) -> String? {
    let checksums = models.compactMap(\.weightsChecksum)
    return checksums.count == models.count ? RunRecord.checksum(checksums) : nil
  }

  func logits(of input: Tensor) -> Tensor {
    mean.fill(0)
    let share = 1 / Float(networks.count)
    for network in networks {
      input.withUnsafeBufferPointer { images in
        network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: images) }
      }
      network.forward()
      network.outputs[0].withUnsafeBufferPointer { logits in
        mean.withUnsafeMutableBufferPointer { mean in
          for index in mean.indices { mean[index] += share * logits[index] }
        }
      }
    }
    return mean
  }

  /// The bytes that a teacher's networks take.
  static func memory(of architectures: [Architecture], for plan: Plan, engine: Engine, precision: Precision) throws
    -> Int
  {
    try TensorMemory.bytes {
      let networks = try architectures.map { try network($0, plan, engine, precision) }
      withExtendedLifetime((networks, networks.first.map { Tensor($0.outputs[0].shape) })) {}
    }
  }

  private static func network(
    _ architecture: Architecture, _ plan: Plan, _ engine: Engine, _ precision: Precision
  ) throws -> Network {
    try Network(
      architecture, patch: plan.configuration.patchSize, batchSize: plan.configuration.batchSize, training: false,
      engine: engine, precision: precision)
  }

  /// Reads the models of a folder, and checks that they can teach.
  ///
  /// - Parameters:
  ///   - folder: A model folder: that of a training, whose folds are averaged, or of one fold.
  ///   - plan: The plan of the student.
  ///   - description: The data set of the student.
  /// - Throws: `InputError` when a model is missing or unusable, has other channels or labels, or sees other images
  ///   than the student.
  static func models(in folder: URL, for plan: Plan, _ description: DatasetDescription) throws -> [Model] {
    try ModelFolder.folds(of: folder).map { fold in
      let model = try Model(fold)
      guard model.dataset.hasSameTask(as: description) else {
        throw InputError(
          fold.url.path, found: "a teacher with other channels or labels", expected: "those of the data set")
      }
      if let (key, own, other) = model.plan.inputDifference(from: plan) {
        throw InputError(
          fold.url.path, found: "a teacher with \(key) \(own)", expected: "\(other), as in the student's plan",
          advice: "Only features_per_stage and the other keys of the architecture may differ.")
      }
      return model
    }
  }
}
