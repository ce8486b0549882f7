import Cluster
import Dispatch
import Tensors
import UNet

/// Some gradients on their way to the sums of all processes.
///
/// They travel as 32-bit floats or, with half as many bytes, rounded to bfloat16, and so do the sums. What is added are
/// 32-bit floats in any case.
final class GradientBucket: @unchecked Sendable {
  /// Signaled when the gradients are the sums.
  let isDone = DispatchSemaphore(value: 0)
  private let parameters: [Parameter]
  private let communicator: any Communicator
  private let precision: Precision
  /// The number of gradients that each process sums.
  private let part: Int
  /// The own gradients at first, and then the sums.
  private let gradients: Message
  /// The own part of all processes' gradients, in the order of their ranks.
  private let received: Message
  private var exchange, gathering: (any Transfer)?

  init(_ parameters: [Parameter], _ communicator: any Communicator, precision: Precision) {
    (self.parameters, self.communicator, self.precision) = (parameters, communicator, precision)
    let count = parameters.reduce(0) { $0 + $1.gradient.count }
    part = (count + communicator.size - 1) / communicator.size
    let bytes = precision.size * part * communicator.size
    (gradients, received) = (Message(byteCount: bytes), Message(byteCount: bytes))
  }

  /// Whether the sums are being gathered, or have been.
  var isGathering: Bool { gathering != nil }

  /// Begins to give each process its part.
  func begin() {
    precision == .float32 ? pack(as: Float.self) : pack(as: BFloat16.self)
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
      precision == .float32 ? sum(of: Float.self) : sum(of: BFloat16.self)
      gathering = communicator.startGather(gradients)
    }
    guard let gathering, gathering.isDone() else { return false }
    precision == .float32 ? unpack(as: Float.self) : unpack(as: BFloat16.self)
    isDone.signal()
    return true
  }

  private func pack<Number: Element>(as type: Number.Type) {
    var target = gradients.bytes.assumingMemoryBound(to: type).baseAddress!
    for parameter in parameters {
      parameter.gradient.withUnsafeBufferPointer { source in
        for i in 0..<source.count { target[i] = Number(source[i]) }
        target += source.count
      }
    }
  }

  private func unpack<Number: Element>(as type: Number.Type) {
    var source = gradients.bytes.assumingMemoryBound(to: type).baseAddress!
    for parameter in parameters {
      parameter.gradient.withUnsafeMutableBufferPointer { target in
        for i in 0..<target.count { target[i] = source[i].float }
        source += target.count
      }
    }
  }

  /// Sums the own part in the order of the ranks.
  private func sum<Number: Element>(of type: Number.Type) {
    let (part, size) = (part, communicator.size)
    let sums = gradients.bytes.assumingMemoryBound(to: type).baseAddress! + communicator.rank * part
    let terms = received.bytes.assumingMemoryBound(to: type).baseAddress!
    for i in 0..<part {
      var sum = terms[i].float
      for rank in 1..<size { sum += terms[rank * part + i].float }
      sums[i] = Number(sum)
    }
  }
}
