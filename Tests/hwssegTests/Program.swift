import Foundation
import TestSupport

/// The built program, which is in the same folder as the test bundle.
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
  /// - Parameters:
  ///   - variables: Set in its environment, beside those of this process.
  ///   - launcher: What starts the program, with its arguments, if anything does.
  ///   - also: A signal that is sent right after that of `interrupt`.
  ///   - interrupt: Called repeatedly while the program runs; the first signal it returns is sent.
  static func run(
    _ arguments: [String], variables: [String: String] = [:], launcher: [String] = [], also: Int32? = nil,
    interrupt: () -> Int32? = { nil }
  ) throws -> Result {
    try withTemporaryFolder { folder in
      let output = folder.appendingPathComponent("output")
      let errors = folder.appendingPathComponent("errors")
      for file in [output, errors] { try Data().write(to: file) }
      let process = Process()
      process.executableURL = launcher.first.map { URL(fileURLWithPath: $0) } ?? url
      process.arguments = launcher.isEmpty ? arguments : launcher.dropFirst() + [url.path] + arguments
      process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
      process.standardOutput = try FileHandle(forWritingTo: output)
      process.standardError = try FileHandle(forWritingTo: errors)
      try process.run()
      while process.isRunning {
        if let signal = interrupt() {
          kill(process.processIdentifier, signal)
          if let also { kill(process.processIdentifier, also) }
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
