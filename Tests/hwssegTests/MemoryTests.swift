import Foundation
import TestSupport
import Testing

/// Protects that the program knows what it needs before it takes it: a training that ends after days for want of memory
/// or disk could have said so in its first second.
@Suite struct MemoryTests {
  /// The memory that is computed is the memory that is taken, from 5 % less to 20 % more.
  @Test(
    arguments: [("auto", "float32"), ("blas", "float32"), ("onednn", "float32"), ("auto", "bfloat16")]
  ) func theEstimateIsTrue(engine: String, precision: String) throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let plan = folder.appendingPathComponent("plan.json").path
      let planned = try Program.run(
        "plan", tiny.data, "-o", plan, "--patch-size", "64", "64", "64", "--batch-size", "2")
      #expect(planned.status == 0 && planned.output.contains("Training needs about"), "\(planned.errors)")
      let result = try Program.run(
        "benchmark", "--plan", plan, "--steps", "1", "--engine", engine, "--precision", precision, "--json")
      if result.errors.contains("AVX-512 BF16") { return }
      let found = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
      let (peak, estimate) = (found["peak_memory"] as? Double ?? 0, found["estimated_memory"] as? Double ?? 0)
      #expect(0.95 * peak <= estimate && estimate <= 1.2 * peak, "\(engine): \(estimate) computed, \(peak) taken")
    }
  }

  private func expectRefusal(_ arguments: [String], naming words: String...) throws {
    let result = try Program.run(arguments)
    #expect(result.status == 2 && result.output.isEmpty, "\(result.errors)")
    #expect(words.allSatisfy(result.errors.contains) && result.errors.count { $0 == "\n" } == 1, "\(result.errors)")
  }

  private func train(_ tiny: TinyModel, _ output: String, _ more: String...) -> [String] {
    ["train", tiny.data, "--plan", tiny.plan, "--fold", "0", "-o", output] + more
  }

  @Test func aPatchThatNoMachineCanTrainOn() throws {
    let tiny = try TinyModel.shared.get()
    let output = tiny.folder.appendingPathComponent("too-large").path
    for edge in ["1536", "2048", "4096"] {
      try expectRefusal(
        train(tiny, output, "--patch-size", edge, edge, edge), naming: "memory", "--patch-size", "available")
    }
    let plan = tiny.folder.appendingPathComponent("too-large.json").path
    #expect(try Program.run("plan", tiny.data, "-o", plan, "--patch-size", "2048", "2048", "2048").status == 0)
    try expectRefusal(["benchmark", "--plan", plan], naming: "memory", "--patch-size")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test func aLimitOfTheShell() throws {
    let tiny = try TinyModel.shared.get()
    let output = tiny.folder.appendingPathComponent("limited").path
    let arguments = train(tiny, output, "--patch-size", "320", "320", "320").map { "'\($0)'" }.joined(separator: " ")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "ulimit -v 3000000; '\(Program.url.path)' \(arguments) 2>&1"]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 2 && text.hasPrefix("hwsseg: error: memory: "), "\(text)")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  @Test func trainingSaysWhatItNeeds() throws {
    let training = try TinyModel.shared.get().training
    #expect(training.output.hasPrefix("Needs about "), "\(training.output)")
    #expect(training.output.contains("of memory") && training.output.contains("of disk"))
  }
}
