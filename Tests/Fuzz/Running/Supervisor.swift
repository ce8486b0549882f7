import Foundation

/// Has workers read the inputs of a reader, and starts a new one behind each input that ends one.
struct Supervisor {
  let reader: Reader
  let seed: UInt64
  let inputs: Range<Int>
  /// The folder of this process and its workers.
  let bench: Workbench
  /// The folder for the bytes of findings.
  let output: URL

  /// Reads all inputs.
  ///
  /// - Parameter report: Receives each finding.
  func run(report: (Finding) -> Void) throws -> Summary {
    let progress = try Progress(bench.file("\(reader.name).progress"))
    for field in Progress.Field.allCases { progress[field] = 0 }
    let start = Date()
    let mutator = reader.mutator
    var findings: [Finding] = []
    var next = inputs.lowerBound
    while next < inputs.upperBound {
      progress[.current] = -1
      let ending = try work(next..<inputs.upperBound, progress)
      let number = progress[.current]
      guard let kind = ending.kind else { break }
      guard number >= 0 else { throw WorkbenchError("a worker that read nothing: \(ending.message)", 0) }
      let file = output.appendingPathComponent("\(reader.name)-\(seed)-\(number)")
      try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
      try Data(mutator.input(number, seed: seed)).write(to: file)
      let finding = Finding(
        reader: reader.name, seed: seed, input: number, kind: kind, message: ending.message, file: file)
      report(finding)
      findings.append(finding)
      next = number + 1
    }
    return Summary(
      reader: reader.name, inputs: inputs.count, progress: progress, findings: findings,
      seconds: Date().timeIntervalSince(start))
  }

  /// Starts a worker and waits for its end.
  ///
  /// - Returns: What ended it early, and the first lines that it wrote; no kind when it has read all inputs.
  private func work(_ inputs: Range<Int>, _ progress: Progress) throws -> (kind: Finding.Kind?, message: String) {
    let errors = bench.file("\(reader.name).errors")
    try Data().write(to: errors)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [
      reader.name, "--seed", "\(seed)", "--first", "\(inputs.lowerBound)", "--inputs", "\(inputs.count)", "--worker",
      bench.folder.path,
    ]
    // A backtrace would take longer than a thousand inputs.
    process.environment = ProcessInfo.processInfo.environment.merging([
      "SWIFT_BACKTRACE": "enable=no",
      // The time of idle threads would count.
      "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
    ]) { $1 }
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
    let kind = watch(process, inputs, progress)
    let text = (try? String(decoding: Data(contentsOf: errors), as: UTF8.self)) ?? ""
    return (kind, text.split(separator: "\n").prefix(3).joined(separator: " "))
  }

  /// Waits for the end of a worker, which is killed when an input takes too much.
  private func watch(_ process: Process, _ inputs: Range<Int>, _ progress: Progress) -> Finding.Kind? {
    let id = process.processIdentifier
    var (last, since) = (-2, Date())
    while process.isRunning {
      usleep(5000)
      let current = progress[.current]
      if current != last { (last, since) = (current, Date()) }
      let used = Limits.processorTime(of: id) - progress[.start]
      let isSlow = used > 2 * Limits.time || Date().timeIntervalSince(since) > Limits.waiting
      let isLarge = Limits.memory(of: id) > Limits.memory
      guard inputs.contains(current), current == progress[.current], isSlow || isLarge, process.isRunning else {
        continue
      }
      kill(id, SIGKILL)
      process.waitUntilExit()
      return isLarge ? .memory : .slow
    }
    process.waitUntilExit()
    if process.terminationReason == .uncaughtSignal { return .crash(signal: process.terminationStatus) }
    switch process.terminationStatus {
    case 0: return progress[.current] == inputs.upperBound ? nil : .exit(status: 0)
    case Limits.memoryStatus: return .memory
    case Limits.timeStatus: return .slow
    case Limits.errorStatus: return .error
    case let status: return .exit(status: status)
    }
  }
}
