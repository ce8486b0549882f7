import Foundation

/// Reads inputs in this process, one after the other.
struct Worker {
  let reader: Reader
  let seed: UInt64
  let inputs: Range<Int>
  let progress: Progress

  /// Reads all inputs, and ends the process early at a finding other than a crash, which ends it by itself.
  ///
  /// - Parameter report: Receives what became of each input.
  func run(report: (_ number: Int, _ outcome: Reader.Outcome) -> Void) {
    let mutator = reader.mutator
    let parent = getppid()
    for number in inputs {
      let bytes = mutator.input(number, seed: seed)
      let start = Limits.processorTime()
      progress[.start] = start
      progress[.current] = number
      let outcome = reader.outcome(bytes)
      let time = Limits.processorTime() - start
      let memory = Limits.peakMemory
      if time > progress[.slowest] { (progress[.slowest], progress[.slowestInput]) = (time, number) }
      progress[.memory] = max(progress[.memory], memory)
      report(number, outcome)
      switch outcome {
      case .accepted: progress[.accepted] += 1
      case .refused: progress[.refused] += 1
      case .failed(let message): end(Limits.errorStatus, message)
      }
      if time > Limits.time { end(Limits.timeStatus, "") }
      if memory > Limits.memory { end(Limits.memoryStatus, "") }
      // Whoever watches this worker has ended.
      if getppid() != parent { exit(0) }
    }
    progress[.current] = inputs.upperBound
  }

  private func end(_ status: Int32, _ message: String) -> Never {
    try? FileHandle.standardError.write(contentsOf: Data(message.utf8))
    exit(status)
  }
}
