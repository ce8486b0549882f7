import Foundation
import TestSupport
import Testing

@testable import Training

/// Protects the files that TensorBoard reads.
@Suite struct EventFileTests {
  /// The bytes of a record are those that TensorFlow writes: length, masked CRC-32C, message, masked CRC-32C.
  @Test func recordsAreTensorFlows() throws {
    try withTemporaryFolder { folder in
      let file = try EventFile(in: folder, time: 1)
      try file.add([("loss", 0.5), ("none", .nan)], step: 300, time: 2)
      let url = try #require(
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).first)
      #expect(url.lastPathComponent.hasPrefix("events.out.tfevents.1."))
      let bytes = [UInt8](try Data(contentsOf: url))
      // The version: 9 bytes of time, 2 of field and length, 13 of text. The length's checksum is that of TensorFlow's
      // own files, which all begin so.
      #expect(bytes[..<8] == [24, 0, 0, 0, 0, 0, 0, 0])
      #expect(bytes[8..<12] == [0xa3, 0x7f, 0x4b, 0x22])
      #expect(String(decoding: bytes[23..<36], as: UTF8.self) == "brain.Event:2")
      // The scalar: time, step 300 as a variable-length number, and one value.
      let event = Array(bytes[(40 + 12)...].dropLast(4))
      #expect(event[..<9] == [9, 0, 0, 0, 0, 0, 0, 0, 0x40])
      #expect(event[9..<12] == [0x10, 0xac, 0x02])
      #expect(Array(event[12...]) == [0x2a, 13, 0x0a, 11, 0x0a, 4] + Array("loss".utf8) + [0x15, 0, 0, 0, 0x3f])
    }
  }

  /// TensorBoard, where Python has it, reads the values of a training back.
  @Test func tensorBoardReadsThem() throws {
    guard let python = TensorBoard.python else {
      print("TensorBoard is not installed: EventFileTests.tensorBoardReadsThem is skipped.")
      return
    }
    let tiny = try TinyTraining()
    let trainer = try tiny.trainer("model")
    _ = try trainer.run()
    let values = try TensorBoard.scalars("loss/training", in: tiny.folder.appendingPathComponent("model"), python)
    #expect(values.count == 2)
    for (value, record) in zip(values, trainer.history) { #expect(abs(value - record.trainingLoss) < 1e-6) }
  }
}

/// Python with TensorBoard: the one that `HWSSEG_PYTHON` names, or `python3`.
private enum TensorBoard {
  static var python: String? {
    let name = ProcessInfo.processInfo.environment["HWSSEG_PYTHON"] ?? "python3"
    return (try? run(name, "import tensorboard")) == nil ? nil : name
  }

  static func scalars(_ tag: String, in folder: URL, _ python: String) throws -> [Double] {
    let script = """
      from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
      events = EventAccumulator("\(folder.path)")
      events.Reload()
      print(" ".join(str(event.value) for event in events.Scalars("\(tag)")))
      """
    return try run(python, script).split(separator: " ").compactMap { Double($0.trimmingCharacters(in: .newlines)) }
  }

  private struct Failed: Error {}

  private static func run(_ python: String, _ script: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [python, "-c", script]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw Failed() }
    return String(decoding: data, as: UTF8.self)
  }
}
