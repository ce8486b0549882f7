import Cluster
import Dispatch
import Foundation
import Tensors
import UNet

/// Sums the gradients of all processes while the backward pass goes on.
///
/// Gradients are collected in buckets. Each process sums one part of a bucket in the order of the ranks and sends the
/// sums to the others. So all processes have the same sums, they are the same in every run, and no process sends or
/// receives more than twice the gradients, however many processes there are.
final class GradientSum: @unchecked Sendable {
  private let communicator: any Communicator
  /// The bytes of gradients that make a bucket: enough that the time to begin a transfer hardly counts.
  private let bucketSize: Int
  /// Whether transfers begin before the backward pass has ended.
  private let overlaps: Bool
  /// The number format in which gradients travel.
  private let precision: Precision
  /// The parameters that are not in a bucket yet.
  private var collected: [Parameter] = []
  /// The buckets of a step, in order. They are the same in every step, and so is their memory.
  private var buckets: [GradientBucket] = []
  /// The number of buckets that this step has begun.
  private var begun = 0
  /// On which all transfers take place; what follows is only used there.
  private let queue = DispatchQueue(label: "hwsseg.gradients", qos: .userInitiated)
  private var waiting: [GradientBucket] = []
  private var isPolling = false

  init(_ communicator: any Communicator, overlaps: Bool, precision: Precision, bucketSize: Int = 4 << 20) {
    (self.communicator, self.bucketSize) = (communicator, bucketSize)
    (self.overlaps, self.precision) = (overlaps, precision)
  }

  /// Adds parameters whose gradients are set. Their gradients become the sums, at ``finish()`` at the latest.
  func add(_ parameters: [Parameter]) {
    collected += parameters.filter(\.hasGradient)
    if overlaps, collected.reduce(0, { $0 + 4 * $1.gradient.count }) >= bucketSize { begin() }
  }

  /// Waits until all gradients that have been added are sums.
  func finish() {
    if !collected.isEmpty { begin() }
    for bucket in buckets[..<begun] { bucket.isDone.wait() }
    begun = 0
  }

  private func begin() {
    if begun == buckets.count { buckets.append(GradientBucket(collected, communicator, precision: precision)) }
    let bucket = buckets[begun]
    begun += 1
    collected = []
    queue.async { [self] in
      bucket.begin()
      waiting.append(bucket)
      if !isPolling { poll() }
    }
  }

  /// Lets the transfers go on until all are done. Buckets that begin meanwhile come in between.
  private func poll() {
    // All processes must gather in the same order, so a bucket does not overtake the one before it.
    var isBehind = false
    waiting.removeAll { bucket in
      let isDone = bucket.advance(mayGather: !isBehind)
      isBehind = isBehind || !bucket.isGathering
      return isDone
    }
    isPolling = !waiting.isEmpty
    guard isPolling else { return }
    usleep(50)
    queue.async { self.poll() }
  }
}
