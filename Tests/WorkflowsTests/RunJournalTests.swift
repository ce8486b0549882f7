import Files
import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Workflows

/// Protects `run.json`: every call that wrote into a folder is in it, with how it ended, and no call fails because of
/// it.
@Suite struct RunJournalTests {
  private struct Failure: Error, CustomStringConvertible { let description = "out of luck" }

  private func runs(_ folder: URL) throws -> [JSONFields] {
    let file = folder.appendingPathComponent("run.json")
    return try JSONFields(JSON.read(file), file: file.path).objects("runs")
  }

  private func record(
    _ folder: URL, _ record: RunRecord = RunRecord(), logger: Logger = .silent,
    _ body: (RunJournal) throws -> Void = { _ in }
  ) throws {
    try RunJournal.record(record, in: folder, logger: logger, body)
  }

  @Test func aRunIsRecordedFromItsBeginning() throws {
    try withTemporaryFolder { folder in
      var record = RunRecord(plan: "123456789")
      record.seeds = [7]
      try self.record(folder, record) { journal in
        let begun = try runs(folder)
        #expect(begun.count == 1 && begun[0].object["ending"] == .string("running") && begun[0].object["end"] == nil)
        journal.update { $0.data = "abc" }
        let updated = try runs(folder)
        #expect(updated.count == 1 && updated[0].object["data_crc32"] == .string("abc"))
      }
      let run = try #require(runs(folder).first)
      #expect(try run.string("ending") == "finished" && run.ints("seeds") == [7])
      // The check value of CRC-32.
      #expect(try run.string("plan_crc32") == "cbf43926")
      #expect(try run.double("seconds") >= 0 && run.int("peak_memory") > 1_000_000)
      let format = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
      let (start, end) = (try format.parse(run.string("start")), try format.parse(run.string("end")))
      #expect(start <= end && abs(end.timeIntervalSinceNow) < 60)
      #expect(try run.fields("libraries").string("oneDNN").contains("."))
    }
  }

  @Test func howARunEnded() throws {
    try withTemporaryFolder { folder in
      #expect(throws: Failure.self) { try record(folder) { _ in throw Failure() } }
      let refusal = InputError("a", found: "b", expected: "c")
      #expect(throws: refusal) {
        try record(folder) { journal in
          journal.keep()
          throw refusal
        }
      }
      try record(folder) { $0.end("stopped") }
      #expect(
        try runs(folder).map { try $0.string("ending") } == ["failed: out of luck", "failed: \(refusal)", "stopped"])
    }
  }

  /// A call that is refused has not written into the folder, and leaves nothing there.
  @Test func aRefusedCallLeavesNoRecord() throws {
    try withTemporaryFolder { folder in
      let new = folder.appendingPathComponent("results/fold_0")
      let refusal = InputError("a", found: "b", expected: "c")
      #expect(throws: refusal) { try record(new) { _ in throw refusal } }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
      try record(folder)
      #expect(throws: refusal) { try record(folder) { _ in throw refusal } }
      #expect(try runs(folder).map { try $0.string("ending") } == ["finished"])
    }
  }

  @Test func theLastHundredAreKept() throws {
    try withTemporaryFolder { folder in
      let earlier = (1...RunJournal.limit + 2).map { "{\"seeds\": [\($0)], \"key of a later version\": \"\"}" }
      try folder.put("{\"runs\": [\(earlier.joined(separator: ", "))]}", at: "run.json")
      try record(folder)
      let runs = try runs(folder)
      #expect(runs.count == RunJournal.limit && runs.last?.object["ending"] == .string("finished"))
      // They stay as they are, also what this version does not know.
      #expect(runs[0].object["seeds"] == .integers([4]) && runs[0].object["key of a later version"] == .string(""))
    }
  }

  /// Two calls at a time, such as two that predict different cases, do not remove each other's records.
  @Test func callsAtTheSameTime() throws {
    try withTemporaryFolder { folder in
      try record(folder) { _ in try record(folder) }
      #expect(try runs(folder).map { try $0.string("ending") } == ["finished", "finished"])
    }
  }

  @Test(arguments: ["", "{\"runs\": [{", "[1, 2]", "{\"runs\": 3}"])
  func aFileThatIsNoneOfOursIsSetAside(text: String) throws {
    try withTemporaryFolder { folder in
      let warnings = Warnings()
      for _ in 0..<2 {
        try folder.put(text, at: "run.json")
        try record(folder, logger: warnings.logger)
        #expect(try runs(folder).count == 1)
      }
      for name in ["run.json.old", "run.json.old2"] {
        #expect(try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8) == text)
        #expect(warnings.texts.withLock { $0.contains { $0.contains(name + ".") } })
      }
    }
  }

  @Test func aFolderOfThatNameIsSetAside() throws {
    try withTemporaryFolder { folder in
      try folder.put("text", at: "run.json/file")
      try record(folder)
      #expect(try runs(folder).count == 1)
      #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent("run.json.old/file").path))
    }
  }

  /// All folds of a data set have the same checksum, whatever the order of their cases.
  @Test func checksumsOfCases() {
    #expect(RunRecord.checksum(["a", "b"]) == RunRecord.checksum(["b", "a"]))
    #expect(RunRecord.checksum(["a", "b"]) != RunRecord.checksum(["a", "c"]))
  }
}

/// Collects warnings.
private final class Warnings: LogHandler, Sendable {
  let texts = Mutex<[String]>([])
  var metadata: Logger.Metadata {
    get { [:] }
    set {}
  }
  var logLevel: Logger.Level {
    get { .warning }
    set {}
  }
  subscript(metadataKey _: String) -> Logger.Metadata.Value? {
    get { nil }
    set {}
  }
  func log(event: LogEvent) { texts.withLock { $0.append("\(event.message)") } }
  var logger: Logger { Logger(label: "test") { _ in self } }
}

extension Logger {
  fileprivate static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
