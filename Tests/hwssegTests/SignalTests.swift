import Foundation
import TestSupport
import Testing

/// Protects interrupted trainings: a stopped run writes a checkpoint, its exit status tells the signal, and it can be
/// resumed.
@Suite struct SignalTests {
  @Test(arguments: [SIGINT, SIGTERM, SIGHUP])
  func aStoppedRunGoesOn(signal: Int32) throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let arguments = [
        "train", tiny.data, "--plan", tiny.plan, "--fold", "2", "--preprocessed", tiny.preprocessed, "-o", folder.path,
        "--iterations", "1", "--resume", "--epochs",
      ]
      let log = folder.appendingPathComponent("fold_2/log.csv")
      let stopped = try Program.run(arguments + ["10000"]) {
        FileManager.default.fileExists(atPath: log.path) ? signal : nil
      }
      #expect(stopped.status == 128 + signal, "\(stopped.errors)")
      #expect(stopped.output.contains("the checkpoint is written"))

      let epochs = try String(contentsOf: log, encoding: .utf8).split(separator: "\n").count - 1
      let finished = try Program.run(arguments + [String(epochs + 1)])
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(finished.output.contains("Going on in epoch \(epochs + 1)"))
      #expect(try String(contentsOf: log, encoding: .utf8).split(separator: "\n").count == epochs + 2)
    }
  }

  /// `timeout` sends a signal twice, to the process and to its group; that is one request, not two.
  @Test func signalsThatComeTogether() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let arguments = [
        "train", tiny.data, "--plan", tiny.plan, "--fold", "2", "--preprocessed", tiny.preprocessed, "-o", folder.path,
        "--epochs", "10000",
      ]
      let log = folder.appendingPathComponent("fold_2/log.csv")
      let stopped = try Program.run(arguments, also: SIGTERM) {
        FileManager.default.fileExists(atPath: log.path) ? SIGINT : nil
      }
      #expect([128 + SIGINT, 128 + SIGTERM].contains(stopped.status), "\(stopped.errors)")
      #expect(stopped.output.contains("the checkpoint is written"))
    }
  }

  /// A reader of the output that is gone, as in `train | head -3`, does not end a training.
  @Test func outputThatNobodyReads() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let (process, output) = (Process(), Pipe())
      process.executableURL = Program.url
      process.arguments = [
        "train", tiny.data, "--plan", tiny.plan, "--fold", "all", "--preprocessed", tiny.preprocessed, "-o",
        folder.path,
      ]
      process.standardOutput = output
      try process.run()
      try output.fileHandleForReading.close()
      process.waitUntilExit()
      #expect(process.terminationReason == .exit)
      let model = folder.appendingPathComponent("fold_all/checkpoint_final.safetensors")
      #expect(FileManager.default.fileExists(atPath: model.path))
    }
  }
}
