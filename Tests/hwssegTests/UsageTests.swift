import Testing

/// Protects what scripts and users rely on: the exit status, and one sentence that says what is wrong.
@Suite struct UsageTests {
  @Test func helpIsNoError() throws {
    for arguments in [["--help"], ["help"], []] {
      let result = try Program.run(arguments)
      #expect(result.status == 0 && result.output.contains("USAGE") && result.errors.isEmpty)
    }
  }

  @Test(arguments: [["--nonsense"], ["nonsense"]])
  func wrongUsage(arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.status == 2 && result.output.isEmpty)
    #expect(result.errors.hasPrefix("hwsseg: error: ") && result.errors.count { $0 == "\n" } == 1)
  }
}
