import ArgumentParser
import Files
import Foundation

/// `fuzz`: has the readers of files read damaged files, and counts what they do.
@main
struct FuzzCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "fuzz", abstract: "Has the readers of files read damaged files.",
    discussion: """
      A reader has to accept a file or refuse it with an error that says why. Anything else is a finding: a crash, \
      another error, more than a second, more than 1 GB. An input is determined by its reader, the seed and its number.
      """)

  @Argument(help: "The readers; all by default.") var readers: [String] = []
  @Option(help: "Number of inputs, shared equally among the readers.") var inputs = 100_000
  @Option(help: "The seed of the inputs.") var seed: UInt64 = 1
  @Option(help: "The number of the first input of each reader.") var first = 0
  @Option(
    name: .shortAndLong, help: "The folder for inputs with findings.",
    transform: { URL(fileURLWithPath: $0) }) var output = URL(fileURLWithPath: "findings")
  @Flag(help: "Read in this process, so that a crash ends it and shows where it is, and say what became of each input.")
  var here = false
  @Option(
    help: ArgumentHelp(
      "Have libFuzzer find inputs for the first reader for so many seconds, in a program built for that.",
      valueName: "seconds"))
  var coverage: Int?
  @Option(help: .hidden) var worker: String?

  func validate() throws {
    guard inputs > 0, first >= 0 else { throw ValidationError("--inputs must be above 0, and --first at least 0") }
  }

  func run() throws {
    let names = readers.isEmpty ? Reader.all.map(\.name) : readers
    let range = first..<first + max(1, inputs / names.count)
    if let worker {
      let bench = Workbench(folder: URL(fileURLWithPath: worker))
      return try work(names[0], range, bench)
    }
    try Self.withWorkbench { bench in
      if let coverage {
        let reader = try Reader.make(names[0], in: bench.subfolder("files"))
        return try CoverageFuzzer.run(reader, seconds: coverage, bench, output: output)
      }
      guard here else { return try supervise(names, range, bench) }
      for name in names { try work(name, range, bench) }
    }
  }

  private func work(_ name: String, _ range: Range<Int>, _ bench: Workbench) throws {
    let folder = try bench.subfolder("\(name).files")
    let progress = try Progress(bench.file("\(name).progress"))
    let worker = Worker(reader: try Reader.make(name, in: folder), seed: seed, inputs: range, progress: progress)
    worker.run { number, outcome in
      if here { show("\(name) \(number): \(outcome)") }
    }
  }

  private func supervise(_ names: [String], _ range: Range<Int>, _ bench: Workbench) throws {
    var summaries: [Summary] = []
    for name in names {
      let reader = try Reader.make(name, in: bench.subfolder("\(name).seeds"))
      let supervisor = Supervisor(reader: reader, seed: seed, inputs: range, bench: bench, output: output)
      var shown = 0
      summaries.append(
        try supervisor.run { finding in
          shown += 1
          if shown <= 10 { show(finding) }
        })
      if names.count > 1 { show(summaries[summaries.count - 1].line) }
    }
    print(Summary.header)
    for summary in summaries { print(summary.line) }
    guard summaries.allSatisfy(\.findings.isEmpty) else { throw ExitCode.failure }
  }

  /// Prints a line at once, also into a file.
  private func show(_ line: some CustomStringConvertible) {
    print(line)
    fflush(nil)
  }

  /// Calls `body` with a folder in memory, where there is one, which is removed afterwards.
  private static func withWorkbench(_ body: (Workbench) throws -> Void) throws {
    let memory = URL(fileURLWithPath: "/dev/shm")
    let parent =
      FileManager.default.isWritableFile(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
    let folder = parent.appendingPathComponent("hwsseg-fuzz-\(getpid())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try body(Workbench(folder: folder))
  }
}
