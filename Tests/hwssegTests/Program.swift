import Foundation

/// The built program, which lies beside the test bundle.
enum Program {
  struct Result {
    var status: Int32
    var output: String
    var errors: String
  }

  static let url = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
    .appendingPathComponent("hwsseg")

  /// Runs the program to its end.
  static func run(_ arguments: String...) throws -> Result { try run(arguments) }

  /// Runs the program to its end.
  ///
  /// - Parameter interrupt: asked again and again while the program runs; once it gives a signal, that is sent.
  static func run(_ arguments: [String], interrupt: () -> Int32? = { nil }) throws -> Result {
    try Scratch.folder { folder in
      let output = folder.appendingPathComponent("output")
      let errors = folder.appendingPathComponent("errors")
      for file in [output, errors] { try Data().write(to: file) }
      let process = Process()
      process.executableURL = url
      process.arguments = arguments
      process.standardOutput = try FileHandle(forWritingTo: output)
      process.standardError = try FileHandle(forWritingTo: errors)
      try process.run()
      while process.isRunning {
        if let signal = interrupt() {
          kill(process.processIdentifier, signal)
          break
        }
        Thread.sleep(forTimeInterval: 0.01)
      }
      process.waitUntilExit()
      return Result(
        status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
        output: try String(contentsOf: output, encoding: .utf8), errors: try String(contentsOf: errors, encoding: .utf8)
      )
    }
  }
}

/// Folders that are gone after the test.
enum Scratch {
  static func folder<Result>(_ body: (URL) throws -> Result) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("hwsseg-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try body(folder)
  }
}
