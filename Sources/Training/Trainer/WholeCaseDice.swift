import Statistics
import Tensors
import UNet

/// The Dice of whole cases by the network that is being trained: cheap, for comparisons between cases and epochs.
///
/// Each case is covered by as few patches as that takes, without mirroring or overlap beyond that, at the
/// spacing of the plan. It is not what `evaluate` computes of a full prediction.
struct WholeCaseDice {
  let maker: BatchMaker
  let network: Network
  let loss: Loss
  /// This process's part, when several divide the cases.
  let parallel: DataParallel?

  /// Predicts cases.
  ///
  /// - Parameters:
  ///   - kind: Which cases.
  ///   - stopRequested: Called before every batch, but not with several processes: they have different batches.
  /// - Returns: The mean Dice of each case over the classes or regions that labels or prediction contain, `nil` where
  ///   there is none; or `nil` when a stop was requested.
  /// - Throws: `InputError` when the file of a case has become unreadable.
  func values(of kind: BatchRequest.Kind, _ stopRequested: () -> Bool) throws -> [Double?]? {
    let allTiles = maker.tiles(kind)
    let count = (allTiles.last?.caseIndex ?? -1) + 1
    let own = parallel?.communicator.share(of: count) ?? 0..<count
    var tiles = allTiles.filter { own.contains($0.caseIndex) }[...]
    var dice = Array(repeating: PseudoDice(loss, channels: network.architecture.outputChannels), count: count)
    while let last = tiles.prefix(network.batchSize).last {
      if parallel == nil, stopRequested() { return nil }
      let taken = Array(tiles.prefix(network.batchSize))
      tiles = tiles.dropFirst(network.batchSize)
      // The last batch is filled up; the surplus is not counted.
      let filled = taken + Array(repeating: last, count: network.batchSize - taken.count)
      let batch = try maker.batch(of: filled, kind)
      network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: batch.images) }
      network.forward(inference: true)
      let voxels = batch.labels.count / network.batchSize
      for (position, tile) in taken.enumerated() {
        dice[tile.caseIndex].add(
          logits: network.outputs[0], labels: batch.labels, voxels: position * voxels..<(position + 1) * voxels)
      }
    }
    if let parallel {
      let counts = parallel.sum(dice.flatMap(\.counts))
      let size = counts.count / max(1, count)
      for index in dice.indices { dice[index].setCounts(Array(counts[index * size..<(index + 1) * size])) }
    }
    return dice.map { dice in
      let values = dice.values.compactMap { $0 }
      return values.isEmpty ? nil : SampleMoments.mean(values)
    }
  }
}
