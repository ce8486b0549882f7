import Files
import Foundation
import TestSupport
import Testing

/// Protects what tells afterwards what happened: `run.json`, the doctor, and the messages at each level.
@Suite struct DiagnosisTests {
  private func runs(_ folder: String) throws -> [JSONFields] {
    let file = URL(fileURLWithPath: folder + "/run.json")
    return try JSONFields(JSON.read(file), file: file.path).objects("runs")
  }

  @Test func everyFolderSaysWhatWroteIt() throws {
    let tiny = try TinyModel.shared.get()
    let trained = try #require(runs(tiny.model).first)
    #expect(try trained.string("ending") == "finished" && trained.strings("command")[1] == "train")
    #expect(try trained.string("engine") == "auto" && trained.string("precision") == "float32")
    let preprocessed = try #require(runs(tiny.preprocessed).first)
    // The training used all cases that were preprocessed, and the plan as it was.
    for key in ["data_crc32", "plan_crc32"] { #expect(try trained.string(key) == preprocessed.string(key)) }
    try withTemporaryFolder { folder in
      let output = folder.path + "/predictions"
      let predicted = try Program.run(
        "predict", "-m", tiny.model, "-i", tiny.data + "/imagesTr", "-o", output, "--no-mirroring", "--log-level",
        "warning")
      #expect(predicted.status == 0 && predicted.output.isEmpty && predicted.errors.isEmpty)
      let run = try #require(runs(output).first)
      #expect(try run.string("ending") == "finished" && run.string("plan_crc32") == trained.string("plan_crc32"))
      #expect(try run.fields("weights_crc32").object.values.allSatisfy { $0.string?.count == 8 })
      let again = try Program.run("predict", "-m", tiny.model, "-i", tiny.data + "/imagesTr", "-o", output)
      #expect(try again.status == 2 && runs(output).count == 1)
    }
  }

  /// Threads of OpenMP that spin while they wait make small networks several times as slow on a busy machine.
  @Test func waitingThreadsSleep() throws {
    try withTemporaryFolder { folder in
      let output = try Program.run("doctor", folder.path).output
      #expect(output.contains("GOMP_SPINCOUNT=") || output.contains("OMP_WAIT_POLICY="))
    }
  }

  /// A process that is killed can write nothing more: its record still says that it runs.
  @Test func endingsOfATraining() throws {
    let tiny = try TinyModel.shared.get()
    try withTemporaryFolder { folder in
      let log = folder.appendingPathComponent("fold_1/log.csv").path
      func train(_ epochs: String, until signal: Int32? = nil) throws -> Program.Result {
        let arguments = [
          "train", tiny.data, "--plan", tiny.plan, "--fold", "1", "--preprocessed", tiny.preprocessed, "-o",
          folder.path, "--iterations", "1", "--resume", "--log-level", "debug", "--epochs", epochs,
        ]
        return try Program.run(arguments) { FileManager.default.fileExists(atPath: log) ? signal : nil }
      }
      #expect(try train("10000", until: SIGKILL).status == -SIGKILL)
      try FileManager.default.removeItem(atPath: log)
      try FileManager.default.removeItem(at: folder.appendingPathComponent("fold_1/checkpoint_latest.safetensors"))
      #expect(try train("10000", until: SIGTERM).status == 128 + SIGTERM)
      let epochs = try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").count
      let finished = try train(String(epochs))
      #expect(finished.status == 0, "\(finished.errors)")
      #expect(
        try runs(folder.path + "/fold_1").map { try $0.string("ending") }
          == ["running", "stopped by SIGTERM after a checkpoint", "finished"])
      // What helps to find an error is on the standard error, and the output stays what it is without it.
      for text in ["kernel 3×3×3, stride 1×1×1: ", "waiting for batches", "checkpoint_latest.safetensors, "] {
        #expect(finished.errors.contains(text) && !finished.output.contains(text), "\(text)")
      }
      #expect(finished.errors.split(separator: "\n").allSatisfy { $0.hasPrefix("hwsseg: debug: ") })
    }
  }

  @Test func theDoctorFindsNothing() throws {
    try withTemporaryFolder { folder in
      let result = try Program.run("doctor", folder.path)
      #expect(result.status == 0 && result.errors.isEmpty, "\(result.output)")
      for word in ["commit", "processor", "OpenBLAS", "oneDNN", folder.path, "locks"] {
        #expect(result.output.contains(word), "\(word)")
      }
    }
  }

  @Test func theDoctorNeedsAFolder() throws {
    let result = try Program.run("doctor", "/nowhere")
    #expect(result.status == 2 && result.errors.contains("/nowhere"))
  }
}
