import Cluster
import Datasets
import Files
import Foundation
import Inference
import Plans
import TensorFiles
import Training

extension FoldTraining {
  /// Checks before anything is computed or written what would otherwise end the training after hours.
  ///
  /// - Parameters:
  ///   - groups: The group of each case that has one.
  ///   - cleanCases: The names of the training cases that are known to be right.
  ///   - teacher: The models of the teacher, if there is one.
  /// - Throws: `InputError` naming the setting, the file or the case at fault, or what there is too little of.
  func check(groups: [String: String], cleanCases: [String], teacher: [Model]?) throws {
    try engine.check(precision)
    try folder.checkAvailability(resumes: resumes, overwrites: overwrites)
    let configuration = plan.configuration
    _ = try plan.training.sampler.sampler(
      cases: split.training, groups: groups, batchSize: configuration.batchSize, seed: UInt64(plan.training.seed))
    try plan.training.checkMethods(
      cases: split.training, groups: groups, cleanCases: cleanCases, precision: precision, hasTeacher: teacher != nil)
    if let initialWeights { try checkWeights(initialWeights) }
    if let communicator { try checkDivision(communicator) }
    let teaching = try teacher.map {
      try ModelTeacher.memory(of: $0.map(\.architecture), for: plan, engine: engine, precision: precision)
    }
    let training = try TrainingMemory.check(
      plan, inputChannels: configuration.normalizationSchemes.count, outputChannels: dataset.description.outputChannels,
      engine: engine, precision: precision, processes: communicator?.size ?? 1,
      available: AvailableMemory.bytes - (teaching ?? 0))
    try PredictionMemory.check(heldOut, plan: plan, description: dataset.description, engine: engine)
    var disk = [
      (
        folder: folder.url,
        bytes: TrainingDisk.bytes(
          plan, weights: training.weights, cases: split.training.count, folder: folder, resumes: resumes)
      )
    ]
    if PreprocessedStore.exists(in: preprocessed) {
      let store = try PreprocessedStore(preprocessed)
      try store.check(plan)
      try dataset.checkGeometry()
      try store.check(split.training + split.validation, of: dataset)
    } else {
      let needs = try Preprocessor(plan: plan, description: dataset.description).needs(of: dataset)
      try needs.check(for: preprocessed)
      try checkLabels()
      disk.append((preprocessed, needs.disk))
    }
    try DiskSpace.check(disk)
    let memory = training.total + (teaching ?? 0)
    logger.info("\(Self.sentence(memory: memory, disk: disk.reduce(0) { $0 + $1.bytes }, at: folder.url))")
  }

  /// Checks that several processes can divide the batches of the plan.
  private func checkDivision(_ communicator: any Communicator) throws {
    let training = plan.training
    let methods = [
      ("distillation", training.distillation != nil), ("reweight", training.reweight != nil),
      ("interactions", training.interactions != nil), ("robust_loss", training.robustLoss != nil),
      ("adversarial", training.adversarial != nil),
    ]
    if let method = methods.first(where: \.1) {
      throw InputError(
        "training.\(method.0)", found: "\(communicator.size) processes", expected: "one process",
        advice: "Methods look at whole batches, which no process has here.")
    }
    let architecture = try plan.configuration.architecture(
      inputChannels: dataset.description.channelNames.count, outputChannels: dataset.description.outputChannels)
    if case .batch = architecture.normalization {
      throw InputError(
        "the plan's network", found: "batch normalization and \(communicator.size) processes",
        expected: "instance normalization, or one process",
        advice: "The statistics of a batch would be those of a part of it.")
    }
  }

  /// Checks the label maps of all cases, and that there is something to learn in those of the training cases.
  private func checkLabels() throws {
    let labeled = try dataset.checkIntegrity()
    guard split.training.contains(where: labeled.contains) else {
      throw InputError(
        dataset.folder.path, found: "no labeled voxel in any of the \(split.training.count) training cases",
        expected: "something to learn", advice: "Check the label maps and the labels of dataset.json.")
    }
  }

  private func checkWeights(_ file: URL) throws {
    if file.pathExtension == "pth" {
      _ = try PyTorchFile(contentsOf: file)
    } else {
      _ = try Safetensors(contentsOf: file)
    }
  }

  private static func sentence(memory: Int, disk: Int, at folder: URL) -> String {
    let free = DiskSpace.free(at: folder).map { " (\(ByteCount.text($0)) free)" } ?? ""
    return "Needs about \(ByteCount.text(memory)) of memory (\(ByteCount.text(AvailableMemory.bytes)) available) "
      + "and \(ByteCount.text(disk)) of disk\(free)."
  }
}
