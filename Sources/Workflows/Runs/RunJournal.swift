import Files
import Foundation
import Logging
import Synchronization

/// Keeps `run.json`, the records of the calls that wrote into a folder, the newest last.
///
/// The record of a call is there from its beginning, so that a process that was killed is seen too.
public final class RunJournal: Sendable {
  /// The records that are kept.
  static let limit = 100

  private let file: URL?
  private let logger: Logger
  private let record: Mutex<RunRecord>
  private let identity: [JSON?]
  private let isKept = Mutex(false)

  /// Runs `body` and records how it ends.
  ///
  /// A call that is refused leaves no record, unless `body` has called ``keep()``.
  ///
  /// - Parameters:
  ///   - record: What is known of the call at its beginning.
  ///   - folder: The folder that the call writes into; it is made if it is not there. Where another process keeps the
  ///     record, `nil`.
  ///   - logger: Receives a warning when there is a `run.json` that is none of ours.
  ///   - ending: Says in a few words how a run ended that threw an error.
  ///   - body: The run.
  /// - Throws: `InputError` when the folder cannot be written, and what `body` throws.
  public static func record<Value>(
    _ record: RunRecord, in folder: URL?, logger: Logger, ending: (any Error) -> String = { "failed: \($0)" },
    _ body: (RunJournal) throws -> Value
  ) throws -> Value {
    let missing = folder.map { folder in
      sequence(first: folder.standardizedFileURL) { $0.deletingLastPathComponent() }
        .prefix { !FileManager.default.fileExists(atPath: $0.path) }
    }
    let journal = try RunJournal(record, in: folder, logger: logger)
    do {
      let value = try body(journal)
      journal.end("finished")
      return value
    } catch {
      if error is InputError, !journal.isKept.withLock(\.self) {
        try? journal.write(nil)
        // Removes only what is empty.
        for folder in missing ?? [] { rmdir(folder.path) }
      } else {
        journal.end(ending(error))
      }
      throw error
    }
  }

  private init(_ record: RunRecord, in folder: URL?, logger: Logger) throws {
    file = folder?.appendingPathComponent("run.json")
    self.logger = logger
    self.record = Mutex(record)
    let json = record.json
    identity = Self.identity(json)
    if let file { setForeignFileAside(file) }
    try write(json)
  }

  /// Says that the call has begun to write: from now on its record stays, however it ends.
  public func keep() { isKept.withLock { $0 = true } }

  /// Adds what has become known, such as the checksum of the data.
  public func update(_ change: (inout RunRecord) -> Void) {
    record.withLock { change(&$0) }
    save()
  }

  /// Says how the run has ended; what is said first counts.
  public func end(_ ending: String) {
    let isFirst = record.withLock { record in
      guard record.end == nil else { return false }
      (record.ending, record.end, record.peakMemory) = (ending, Date(), ProcessMemory.peak)
      return true
    }
    if isFirst { save() }
  }

  /// Writes the record anew. A run does not fail because this does.
  private func save() {
    let json = record.withLock(\.json)
    do { try write(json) } catch { logger.warning("\(error)") }
  }

  /// Replaces this call's record, or adds it. The others are read anew, because other calls may have come since.
  ///
  /// - Parameter own: The record; when `nil`, it is removed, and the file with it if it was the only one.
  private func write(_ own: JSON?) throws {
    guard let file else { return }
    var runs = Self.runs(in: file) ?? []
    let index = runs.firstIndex { Self.identity($0) == identity } ?? runs.endIndex
    runs.replaceSubrange(index..<min(index + 1, runs.endIndex), with: [own].compactMap(\.self))
    guard !runs.isEmpty else {
      unlink(file.path)
      return
    }
    try AtomicFile.replace(file, with: JSON.object(JSONObject([("runs", .array(runs.suffix(Self.limit)))])).text)
  }

  /// What tells a record from others.
  private static func identity(_ run: JSON) -> [JSON?] {
    guard case .object(let members) = run else { return [] }
    let host: JSON? = if case .object(let machine)? = members["machine"] { machine["host"] } else { nil }
    return [members["start"], members["process"], host]
  }

  /// The records in a file; `nil` when it is not one of ours.
  private static func runs(in file: URL) -> [JSON]? {
    guard case .object(let members)? = try? JSON.read(file), case .array(let runs)? = members["runs"] else {
      return nil
    }
    return runs
  }

  /// Gives another name to a `run.json` that is damaged or another program's.
  private func setForeignFileAside(_ file: URL) {
    guard FileManager.default.fileExists(atPath: file.path), Self.runs(in: file) == nil else { return }
    let names = (1...).lazy.map { file.path + ".old" + ($0 == 1 ? "" : String($0)) }
    guard let name = names.first(where: { !FileManager.default.fileExists(atPath: $0) }),
      rename(file.path, name) == 0
    else { return }
    logger.warning("\(file.path) is not a record of runs; it is now \(name).")
  }
}
