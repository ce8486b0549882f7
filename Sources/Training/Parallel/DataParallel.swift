import Cluster
import Files
import Tensors
import UNet

/// The part of one process in a training that several do together.
///
/// Every process has the whole training: the sampler, the state and all weights. All draw the same batches, and each
/// computes some samples of them. What depends on the samples of others is exchanged: the sums of the losses, and the
/// gradients. So all processes go through the same states, and the first one writes them.
final class DataParallel {
  let communicator: any Communicator
  /// The positions of the own samples in each batch.
  let positions: Range<Int>
  private let batchSize: Int
  private let gradients: GradientSum
  /// Whether a stop is wished here, and whether any process wished for one at the last exchange.
  private var wantsStop = false
  private(set) var stops = false
  /// The seconds that this process has waited for others.
  private(set) var waitingTime = 0.0

  /// - Parameters:
  ///   - communicator: The processes.
  ///   - batchSize: The number of samples in the batches that they share.
  ///   - overlaps: Whether gradients are summed while the backward pass goes on, and not after it.
  ///   - precision: The number format in which gradients travel.
  /// - Throws: `InputError` when there are more processes than samples.
  init(
    _ communicator: any Communicator, batchSize: Int, overlaps: Bool = true, precision: Precision = .float32
  ) throws {
    guard communicator.size <= batchSize else {
      throw InputError(
        "the batch", found: "\(batchSize) samples for \(communicator.size) processes",
        expected: "at least one sample for each",
        advice: "Start fewer processes, or give --batch-size \(communicator.size).")
    }
    (self.communicator, self.batchSize) = (communicator, batchSize)
    positions = communicator.share(of: batchSize)
    gradients = GradientSum(communicator, overlaps: overlaps, precision: precision)
  }

  /// Lets a network compute the own part of each batch.
  func connect(_ network: Network) {
    let samples = (0..<communicator.size).map { communicator.share(of: batchSize, rank: $0).count }
    network.share = BatchShare(positions: positions, of: batchSize) { [self] values in
      // The wish for a stop travels with the sums, so that all processes stop after the same step.
      let message = values + [wantsStop ? 1 : 0]
      let counts = samples.map { $0 * values.count / positions.count + 1 }
      let all = waiting { communicator.gather(lists: message, counts: counts) }
      stops = stops || all.contains { $0.last != 0 }
      return all.flatMap { $0.dropLast() }
    }
  }

  /// Says whether a stop is wished here, and returns whether the processes have agreed on one.
  func stops(_ isWished: Bool) -> Bool {
    wantsStop = isWished
    return stops
  }

  /// Computes the gradients of the whole batch.
  func backward(_ network: Network) {
    network.backward { gradients.add($0) }
    waiting { gradients.finish() }
  }

  /// A number of the first process.
  func first(_ value: Double) -> Double { communicator.gather(value)[0] }

  /// The sums over all processes.
  func sum(_ values: [Double]) -> [Double] {
    let all = communicator.gather(
      lists: values, counts: Array(repeating: values.count, count: communicator.size))
    return values.indices.map { index in all.reduce(0) { $0 + $1[index] } }
  }

  /// Checks that all processes train on the same data.
  ///
  /// - Throws: `InputError` on all of them when one has other data.
  func check(_ identity: RunIdentity, folder: String) throws {
    let all = communicator.gather((identity.cases ?? []).joined(separator: " "))
    if let other = all.indices.first(where: { all[$0] != all[0] }) {
      throw InputError(
        folder, found: "other preprocessed cases on process \(other) than on process 0", expected: "the same",
        advice: "Put them into a folder that all machines share, or copy it from one to the others.")
    }
  }

  private func waiting<Value>(_ body: () -> Value) -> Value {
    let start = ContinuousClock.now
    defer { waitingTime += (ContinuousClock.now - start) / .seconds(1) }
    return body()
  }
}
