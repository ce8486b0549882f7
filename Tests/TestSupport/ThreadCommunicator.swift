import Cluster
import Foundation
import Synchronization

/// Processes that are threads of the test.
public final class ThreadCommunicator: Communicator {
  public let rank, size: Int
  private let hub: Hub
  private let calls = Mutex([Hub.Call.Kind: Int]())

  private init(rank: Int, size: Int, hub: Hub) { (self.rank, self.size, self.hub) = (rank, size, hub) }

  /// Runs `body` on as many threads as there are processes, and returns what they return.
  public static func run<Value: Sendable>(
    _ size: Int, _ body: @escaping @Sendable (ThreadCommunicator) throws -> Value
  ) throws -> [Value] {
    let hub = Hub()
    let results = Mutex([Int: Result<Value, any Error>]())
    let threads = DispatchGroup()
    for rank in 0..<size {
      threads.enter()
      let thread = Thread {
        let result = Result { try body(ThreadCommunicator(rank: rank, size: size, hub: hub)) }
        results.withLock { $0[rank] = result }
        threads.leave()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    threads.wait()
    return try results.withLock { results in try (0..<size).map { try results[$0]!.get() } }
  }

  public func gather(_ values: [Double], counts: [Int]) -> [Double] {
    precondition(values.count == counts[rank], "the counts are those of the values")
    let call = post(.numbers, values.withUnsafeBytes { Array($0) })
    while !hub.isComplete(call, size) { usleep(20) }
    return (0..<size).flatMap { from in
      hub.bytes(call, from).withUnsafeBytes { Array($0.bindMemory(to: Double.self)) }
    }
  }

  public func startExchange(_ message: Message, into received: Message) -> any Transfer {
    let call = post(.exchange, Array(message.bytes))
    let part = message.bytes.count / size
    return ThreadTransfer(hub, call, size) { [rank] from, bytes in
      let target = UnsafeMutableRawBufferPointer(rebasing: received.bytes[from * part..<(from + 1) * part])
      target.copyBytes(from: bytes[rank * part..<(rank + 1) * part])
    }
  }

  public func startGather(_ message: Message) -> any Transfer {
    let part = message.bytes.count / size
    let call = post(.gather, Array(message.bytes[rank * part..<(rank + 1) * part]))
    return ThreadTransfer(hub, call, size) { from, bytes in
      UnsafeMutableRawBufferPointer(rebasing: message.bytes[from * part..<(from + 1) * part]).copyBytes(from: bytes)
    }
  }

  public func abort(_ status: Int32) -> Never { fatalError("a test has ended all processes") }
  public func leave() {}

  /// What this process says at its next call of a kind.
  private func post(_ kind: Hub.Call.Kind, _ bytes: [UInt8]) -> Hub.Call {
    let number = calls.withLock { calls in
      calls[kind, default: 0] += 1
      return calls[kind]!
    }
    let call = Hub.Call(kind: kind, number: number)
    hub.post(call, rank, bytes)
    return call
  }
}

/// What each process has said at each call.
private final class Hub: Sendable {
  struct Call: Hashable {
    enum Kind { case numbers, exchange, gather }
    let kind: Kind
    let number: Int
  }

  private let messages = Mutex([Call: [Int: [UInt8]]]())

  func post(_ call: Call, _ rank: Int, _ bytes: [UInt8]) { messages.withLock { $0[call, default: [:]][rank] = bytes } }
  func isComplete(_ call: Call, _ size: Int) -> Bool { messages.withLock { $0[call]?.count == size } }
  func bytes(_ call: Call, _ rank: Int) -> [UInt8] { messages.withLock { $0[call]![rank]! } }
}

private final class ThreadTransfer: Transfer {
  private let hub: Hub
  private let call: Hub.Call
  private let size: Int
  private let receive: (Int, [UInt8]) -> Void
  private var hasEnded = false

  init(_ hub: Hub, _ call: Hub.Call, _ size: Int, receive: @escaping (Int, [UInt8]) -> Void) {
    (self.hub, self.call, self.size, self.receive) = (hub, call, size, receive)
  }

  func isDone() -> Bool {
    guard !hasEnded, hub.isComplete(call, size) else { return hasEnded }
    for rank in 0..<size { receive(rank, hub.bytes(call, rank)) }
    hasEnded = true
    return true
  }
}
