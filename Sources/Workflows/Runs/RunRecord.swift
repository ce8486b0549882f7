import Files
import Foundation
import NIfTI
import TensorFiles
import Tensors
import Threads
import Version

/// What a call of the program did: with which version, on which machine, with what, and how it ended.
public struct RunRecord: Sendable {
  /// The program and its arguments.
  public var command = CommandLine.arguments
  /// What computes convolutions, if the call computes any.
  public var engine: Engine?
  /// Of activations and convolutions.
  public var precision: Precision?
  /// The seeds of the trainings.
  public var seeds: [Int] = []
  /// The CRC-32 of the plan's text.
  public var plan: String?
  /// The CRC-32 of the checksums of the preprocessed cases, see ``checksum(_:)``.
  public var data: String?
  /// The checksums of the weights that were read, by their files.
  public var weights: [String: String] = [:]
  /// How the run ended; `running` until then. A record that stays so is that of a process that was killed.
  public var ending = "running"
  /// When the run began.
  public let start = Date()
  /// When it ended.
  public var end: Date?
  /// The peak of the resident memory, in bytes.
  public var peakMemory: Int?

  /// Begins a record of a call that starts now.
  ///
  /// - Parameter plan: The text of the plan.
  public init(plan: String? = nil) { self.plan = plan.map { Checksum($0).text } }

  /// One checksum of several, whatever their order, so that all folds of a data set have the same.
  public static func checksum(_ checksums: [String]) -> String {
    Checksum(checksums.sorted().joined(separator: " ")).text
  }

  /// The record as an object of `run.json`; what does not apply is left out.
  var json: JSON {
    func time(_ date: Date) -> JSON {
      .string(
        date.formatted(
          Date.ISO8601FormatStyle(timeZoneSeparator: .colon, includingFractionalSeconds: true, timeZone: .current)))
    }
    func object(_ members: [(String, JSON?)]) -> JSON {
      .object(JSONObject(members.compactMap { name, value in value.map { (name, $0) } }))
    }
    let machine = Machine.current
    return object([
      ("version", .string(Version.number)), ("commit", .string(Version.commit)), ("command", .strings(command)),
      ("working_folder", .string(FileManager.default.currentDirectoryPath)),
      ("process", .integer(Int(ProcessInfo.processInfo.processIdentifier))),
      ("start", time(start)), ("end", end.map(time)),
      ("seconds", end.map { .number(($0.timeIntervalSince(start) * 10).rounded() / 10) }),
      ("ending", .string(ending)), ("engine", engine.map { .string("\($0)") }),
      ("precision", precision.map { .string("\($0)") }), ("seeds", seeds.isEmpty ? nil : .integers(seeds)),
      ("plan_crc32", plan.map { .string($0) }), ("data_crc32", data.map { .string($0) }),
      (
        "weights_crc32",
        weights.isEmpty ? nil : object(weights.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
      ),
      ("threads", .integer(Parallel.threads)), ("peak_memory", peakMemory.map { .integer($0) }),
      (
        "machine",
        object([
          ("host", .string(machine.host)), ("system", .string(machine.system)),
          ("processor", .string(machine.processor)), ("cores", .integer(machine.cores)),
          ("memory", .integer(machine.memory)),
        ])
      ),
      (
        "libraries",
        object([
          ("OpenBLAS", .string(NumericLibraries.openBLAS)), ("oneDNN", .string(NumericLibraries.oneDNN)),
          ("zlib", .string(FileLibraries.zlib)), ("NIfTI", .string(FileLibraries.nifti)),
        ])
      ),
    ])
  }
}
