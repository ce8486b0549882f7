import Foundation

extension Reader {
  /// A reader with every fault that the fuzzer has to find, by the first byte of the input. It is for the fuzzer's own
  /// tests, and `all` does not have it.
  static var faulty: Reader {
    Reader("faulty", seeds: Fault.allCases.map { [$0.rawValue] }, textShare: 0, read: commit)
  }

  private static func commit(_ bytes: [UInt8]) throws {
    switch bytes.first.flatMap(Fault.init) {
    case .trap: _ = bytes[bytes.count + Int.random(in: 0...0)]
    case .signal: abort()
    case .endless: while Int.random(in: 0...1) < 2 {}
    case .memory:
      let size = 3 << 29
      let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
      memset(memory, 1, size)
      memory.deallocate()
    case .error: throw CocoaError(.fileReadUnknown)
    case .exit: exit(0)
    case nil: break
    }
  }

  /// What can be wrong with a reader.
  enum Fault: UInt8, CaseIterable {
    case trap, signal, endless, memory, error, exit
  }
}
