import Statistics

/// Batches of training cases that are known to be right, one for each step of a run, prepared in the background.
///
/// Their patches are cut as those of training, but not augmented: they stand for the images that the network is for.
final class CleanBatches {
  private let cases: [Int]
  private let batchSize: Int
  private let seed: UInt64
  private let loader: BatchLoader

  /// - Parameter cases: The indices of the clean cases among the training cases, at least one.
  init(cases: [Int], batchSize: Int, seed: Int, maker: BatchMaker) {
    (self.cases, self.batchSize, self.seed) = (cases, batchSize, UInt64(seed))
    loader = BatchLoader { try maker.batch($0) }
  }

  /// The batch of a step. It depends on the seed and the step alone. That of the next step is prepared meanwhile.
  ///
  /// - Throws: `InputError` when a case cannot be read.
  func batch(_ iteration: Int) throws -> Batch {
    while let pending = loader.pending.first, pending.iteration != iteration { _ = try loader.next() }
    for step in [iteration, iteration + 1] where !loader.pending.contains(where: { $0.iteration == step }) {
      request(step)
    }
    guard let batch = try loader.next() else { preconditionFailure("a batch has been requested") }
    return batch
  }

  private func request(_ iteration: Int) {
    let drawn = (0..<batchSize).map { position in
      var random = CounterRandom(seed: seed, iteration: iteration, position: position, purpose: .cleanCase)
      return cases[random.integer(0, cases.count - 1)]
    }
    loader.prepare(BatchRequest(kind: .clean, iteration: iteration, cases: drawn))
  }
}
