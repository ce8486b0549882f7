import Foundation

/// How the processes of one run exchange data.
///
/// They are numbered by their ranks, from 0. All of them make the same calls in the same order. Calls that wait let the
/// processor sleep meanwhile. When a process ends without ``leave()``, all the others are ended too.
public protocol Communicator: AnyObject, Sendable {
  /// The number of this process.
  var rank: Int { get }
  /// The number of processes.
  var size: Int { get }

  /// Gathers numbers of all processes on each of them, and waits for that.
  ///
  /// - Parameters:
  ///   - values: The numbers of this process.
  ///   - counts: How many numbers each process has.
  /// - Returns: The numbers of all processes, in the order of their ranks.
  func gather(_ values: [Double], counts: [Int]) -> [Double]

  /// Begins to send part r of a message to the process with rank r.
  ///
  /// - Parameters:
  ///   - message: As many parts of equal size as there are processes.
  ///   - received: Receives the parts that the others have for this process, in the order of their ranks.
  func startExchange(_ message: Message, into received: Message) -> any Transfer

  /// Begins to gather part r of a message from the process with rank r; `message` receives all parts.
  func startGather(_ message: Message) -> any Transfer

  /// Ends all processes with a status.
  func abort(_ status: Int32) -> Never

  /// Says that this process needs the others no longer.
  func leave()
}

/// A transfer that goes on while the program computes.
public protocol Transfer: AnyObject {
  /// Lets the transfer go on, and returns whether it is done.
  func isDone() -> Bool
}

/// Memory that transfers read and write.
public final class Message: @unchecked Sendable {
  /// The bytes. A transfer uses them from its start until it is done.
  public let bytes: UnsafeMutableRawBufferPointer

  /// Allocates a message of zeros.
  public init(byteCount: Int) {
    bytes = .allocate(byteCount: byteCount, alignment: 64)
    _ = bytes.initializeMemory(as: UInt8.self, repeating: 0)
  }

  deinit { bytes.deallocate() }
}

extension Communicator {
  /// Whether this is the process that writes files and reports.
  public var isFirst: Bool { rank == 0 }

  /// This process's part of `count` things: consecutive ones, as many as any other process has, or one more or fewer.
  public func share(of count: Int) -> Range<Int> { share(of: count, rank: rank) }

  /// The part of `count` things that the process with a rank has.
  public func share(of count: Int, rank: Int) -> Range<Int> { count * rank / size..<count * (rank + 1) / size }

  /// This process's part of a list: every so many elements, so that all have small and large ones.
  public func own<Element>(_ elements: [Element]) -> [Element] {
    elements.indices.filter { $0 % size == rank }.map { elements[$0] }
  }

  /// Gathers a number of each process.
  public func gather(_ value: Double) -> [Double] { gather([value], counts: Array(repeating: 1, count: size)) }

  /// Gathers the numbers of each process as a list of its own.
  ///
  /// - Parameter counts: How many numbers each process has; they are gathered first when left out.
  public func gather(lists values: [Double], counts: [Int]? = nil) -> [[Double]] {
    let counts = counts ?? gather(Double(values.count)).map { Int($0) }
    var all = gather(values, counts: counts)[...]
    return counts.map { count in
      defer { all = all.dropFirst(count) }
      return Array(all.prefix(count))
    }
  }

  /// What the first process finds, for all: they may see other files, but must do the same.
  public func decision(_ isFound: Bool) -> Bool { gather(isFound ? 1 : 0)[0] > 0 }

  /// Gathers a text of each process.
  public func gather(_ text: String) -> [String] {
    gather(lists: text.utf8.map(Double.init)).map { String(decoding: $0.map { UInt8($0) }, as: UTF8.self) }
  }

  /// Waits for the others and says that this process needs them no longer.
  public func part() {
    // MPI itself waits by spinning.
    wait()
    leave()
  }

  /// Waits until all processes have come here.
  public func wait() { _ = gather(0) }
}
