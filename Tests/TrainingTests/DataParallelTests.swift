import Datasets
import Files
import Foundation
import TensorFiles
import Tensors
import TestSupport
import Testing
import UNet

@testable import Training

/// Protects trainings that several processes share: they are the training of one process, up to rounding, and the same
/// bits in every run. Here the processes are threads; `MPITests` does the same with `mpirun`.
@Suite struct DataParallelTests {
  /// Trains a model with as many processes.
  private static func train(
    _ training: TinyTraining, _ model: String, processes: Int, resumes: Bool = false, stopsAfter steps: Int = .max,
    gradients: Precision = .float32
  ) throws -> Trainer.Outcome {
    guard processes > 1 else {
      let trainer = try Trainer(training.task(model, resumes: resumes), progress: .silent)
      return try trainer.run(stopRequested: stop(after: steps))
    }
    var task = try training.task(model, resumes: resumes)
    task.gradientPrecision = gradients
    let outcomes = try ThreadCommunicator.run(processes) { [task] communicator in
      let trainer = try Trainer(task, progress: .silent, communicator: communicator)
      // Only the last process is asked to stop.
      return try trainer.run(stopRequested: stop(after: communicator.rank == processes - 1 ? steps : .max))
    }
    #expect(outcomes.allSatisfy { $0 == outcomes[0] })
    return outcomes[0]
  }

  private static func stop(after steps: Int) -> () -> Bool {
    var done = 0
    return {
      done += 1
      return done >= steps
    }
  }

  private static func training(
    batchSize: Int, batchDice: Bool = false, _ change: (TinyTraining) -> Void = { _ in }
  ) throws -> TinyTraining {
    let training = try TinyTraining()
    (training.batchSize, training.batchDice) = (batchSize, batchDice)
    (training.settings.epochs, training.settings.iterationsPerEpoch) = (2, 10)
    training.settings.sampler.name = .hardness
    change(training)
    return training
  }

  private func expectSame(_ training: TinyTraining, _ one: String, _ other: String, tolerance: Float) throws {
    let (first, second) = (try training.weights(one), try training.weights(other))
    #expect(first.keys == second.keys)
    for (name, values) in first {
      let difference = zip(values, second[name]!).map { abs($0 - $1) }.max() ?? 0
      #expect(difference <= tolerance, "\(name) differs by \(difference)")
    }
    let logs = try [one, other].map { model in
      try CSV.rows(contentsOf: ModelFolder(training.folder.appendingPathComponent(model)).log).map(\.cells)
    }
    let header = logs[0][0]
    for column in ["train_loss", "validation_loss", "mean_pseudo_dice", "effective_cases"].compactMap(
      header.firstIndex(of:))
    {
      for (a, b) in zip(logs[0].dropFirst(), logs[1].dropFirst()) {
        let difference = try abs(#require(Double(a[column])) - #require(Double(b[column])))
        #expect(difference <= Double(max(tolerance, 1e-12)), "\(header[column]) \(a[column]) \(b[column])")
      }
    }
    // Which cases were drawn, and what was recorded of them.
    let rows = try [one, other].map(training.samplerRows)
    #expect(rows[0].count == rows[1].count)
    for (a, b) in zip(rows[0], rows[1]) {
      for (x, y) in zip(a, b) {
        // The file has six digits, and probabilities follow from the losses by an exponential.
        if let x = Double(x), let y = Double(y) {
          #expect(abs(x - y) <= Double(5 * tolerance))
        } else {
          #expect(x == y)
        }
      }
    }
  }

  /// Also where three processes have batches of unequal size, and a fourth of the batch is left for each of four.
  @Test(arguments: [2, 3, 4]) func asOneProcess(processes: Int) throws {
    let training = try Self.training(batchSize: 4)
    #expect(try Self.train(training, "one", processes: 1) == .finished)
    #expect(try Self.train(training, "several", processes: processes) == .finished)
    try expectSame(training, "one", "several", tolerance: 1e-5)
  }

  /// The Dice of a batch takes all processes' samples.
  @Test func batchDice() throws {
    let training = try Self.training(batchSize: 4, batchDice: true)
    _ = try Self.train(training, "one", processes: 1)
    _ = try Self.train(training, "two", processes: 2)
    try expectSame(training, "one", "two", tolerance: 1e-5)
  }

  /// With voxels that do not count, a sample's loss depends on how many of the others' do.
  @Test func ignoredVoxels() throws {
    let training = try TinyTraining(labels: #"{"background": 0, "ball": 1, "ignore": 2}"#) { label, distance in
      distance > 60 ? 2 : label
    }
    training.batchSize = 4
    _ = try Self.train(training, "one", processes: 1)
    _ = try Self.train(training, "two", processes: 2)
    try expectSame(training, "one", "two", tolerance: 1e-5)
  }

  @Test func sameBitsInEveryRun() throws {
    let training = try Self.training(batchSize: 3) { $0.settings.selectBy = .percentile }
    _ = try Self.train(training, "first", processes: 3)
    _ = try Self.train(training, "second", processes: 3)
    try expectSame(training, "first", "second", tolerance: 0)
  }

  /// All processes stop after the same step when one is asked to, and any number of them can go on.
  @Test(arguments: [1, 2]) func stopAndResume(processes: Int) throws {
    let training = try Self.training(batchSize: 4)
    _ = try Self.train(training, "whole", processes: 2)
    #expect(try Self.train(training, "parts", processes: 2, stopsAfter: 7) == .stopped)
    #expect(try Self.train(training, "parts", processes: processes, resumes: true) == .finished)
    try expectSame(training, "whole", "parts", tolerance: processes == 2 ? 0 : 1e-5)
  }

  /// Gradients of 8 bits lead to about the same weights, but not to the same.
  @Test func roundedGradients() throws {
    let training = try Self.training(batchSize: 4)
    _ = try Self.train(training, "exact", processes: 2)
    _ = try Self.train(training, "rounded", processes: 2, gradients: .bfloat16)
    let (exact, rounded) = (try training.weights("exact"), try training.weights("rounded"))
    let differences = exact.map { name, values in
      zip(values, rounded[name]!).map { abs($0 - $1) }.max() ?? 0
    }
    let largest = try #require(differences.max())
    #expect(1e-5 < largest && largest < 0.02, "\(largest)")
  }

  @Test func moreProcessesThanSamples() throws {
    let training = try Self.training(batchSize: 2)
    let error = #expect(throws: InputError.self) { try Self.train(training, "model", processes: 3) }
    #expect(error?.found.contains("2 samples for 3 processes") == true)
  }
}
