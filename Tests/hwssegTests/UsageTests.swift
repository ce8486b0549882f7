import Foundation
import Testing

/// Protects what scripts and users rely on: the exit status, and one sentence that says what is wrong.
@Suite struct UsageTests {
  /// Output that a full disk swallows is not a success.
  @Test(arguments: ["--help", "--version", "doctor --help"]) func fullOutput(arguments: String) throws {
    let process = Process()
    process.executableURL = Program.url
    process.arguments = arguments.split(separator: " ").map(String.init)
    process.standardOutput = FileHandle(forWritingAtPath: "/dev/full")
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationStatus == 2)
  }

  /// More threads than a machine can have are as many as it has.
  @Test func absurdNumbersOfThreads() throws {
    let tiny = try TinyModel.shared.get()
    for number in ["100000", "0", "-3", "many"] {
      let result = try Program.run(
        ["benchmark", "--plan", tiny.plan, "--steps", "1"], variables: ["OMP_NUM_THREADS": number])
      #expect(result.status == 0, "\(number): \(result.errors)")
    }
  }

  @Test func helpIsNoError() throws {
    for arguments in [["--help"], ["help"], []] {
      let result = try Program.run(arguments)
      #expect(result.status == 0 && result.output.contains("USAGE") && result.errors.isEmpty)
    }
  }

  /// The program, CITATION.cff and CHANGELOG.md agree on the version.
  @Test func version() throws {
    let result = try Program.run("--version")
    #expect(result.status == 0 && result.errors.isEmpty)
    let match = result.output.wholeMatch(of: /([0-9]+\.[0-9]+\.[0-9]+) \(([0-9a-f]{12}( with changes)?|unknown)\)\n/)
    let version = try #require(match).1
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    func lines(_ file: String) throws -> [Substring] {
      try String(contentsOf: root.appendingPathComponent(file), encoding: .utf8).split(separator: "\n")
    }
    #expect(try lines("CITATION.cff").contains("version: \(version)"))
    let latest = try #require(lines("CHANGELOG.md").first { $0.hasPrefix("## ") })
    #expect(latest.split(separator: " ")[1] == version)
  }

  @Test(arguments: [["--nonsense"], ["nonsense"]])
  func wrongUsage(arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.status == 2 && result.output.isEmpty)
    #expect(result.errors.hasPrefix("hwsseg: error: ") && result.errors.count { $0 == "\n" } == 1)
  }
}
