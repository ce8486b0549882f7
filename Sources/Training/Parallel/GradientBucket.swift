import Cluster
import Dispatch
import UNet

/// Some gradients on their way to the sums of all processes.
final class GradientBucket: @unchecked Sendable {
  /// Signaled when the gradients are the sums.
  let isDone = DispatchSemaphore(value: 0)
  private let parameters: [Parameter]
  private let communicator: any Communicator
  /// The number of gradients that each process sums.
  private let part: Int
  /// The own gradients at first, and then the sums.
  private let gradients: Message
  /// The own part of all processes' gradients, in the order of their ranks.
  private let received: Message
  private var exchange, gathering: (any Transfer)?

  init(_ parameters: [Parameter], _ communicator: any Communicator) {
    (self.parameters, self.communicator) = (parameters, communicator)
    let count = parameters.reduce(0) { $0 + $1.gradient.count }
    part = (count + communicator.size - 1) / communicator.size
    gradients = Message(byteCount: 4 * part * communicator.size)
    received = Message(byteCount: 4 * part * communicator.size)
  }

  /// Whether the sums are being gathered, or have been.
  var isGathering: Bool { gathering != nil }

  /// Begins to give each process its part.
  func begin() {
    var target = gradients.bytes.assumingMemoryBound(to: Float.self).baseAddress!
    for parameter in parameters {
      parameter.gradient.withUnsafeBufferPointer { target.update(from: $0.baseAddress!, count: $0.count) }
      target += parameter.gradient.count
    }
    gathering = nil
    exchange = communicator.startExchange(gradients, into: received)
  }

  /// Goes on as far as the transfers allow.
  ///
  /// - Parameter mayGather: Whether the buckets before this one are gathering their sums.
  /// - Returns: Whether the gradients are the sums.
  func advance(mayGather: Bool) -> Bool {
    if exchange?.isDone() == true { exchange = nil }
    if exchange == nil, gathering == nil, mayGather {
      sum()
      gathering = communicator.startGather(gradients)
    }
    guard let gathering, gathering.isDone() else { return false }
    var source = gradients.bytes.assumingMemoryBound(to: Float.self).baseAddress!
    for parameter in parameters {
      parameter.gradient.withUnsafeMutableBufferPointer { $0.baseAddress!.update(from: source, count: $0.count) }
      source += parameter.gradient.count
    }
    isDone.signal()
    return true
  }

  /// Sums the own part in the order of the ranks.
  private func sum() {
    let (part, size) = (part, communicator.size)
    let sums = gradients.bytes.assumingMemoryBound(to: Float.self).baseAddress! + communicator.rank * part
    let terms = received.bytes.assumingMemoryBound(to: Float.self).baseAddress!
    sums.update(from: terms, count: part)
    for rank in 1..<size {
      let term = terms + rank * part
      for i in 0..<part { sums[i] += term[i] }
    }
  }
}
