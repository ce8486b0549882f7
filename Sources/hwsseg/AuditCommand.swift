import ArgumentParser
import Datasets
import Files
import Foundation
import Inference
import Logging
import Reports
import Tensors
import Workflows

/// `hwsseg audit`: looks for wrong labels.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit",
    abstract: "Names the cases whose labels the networks that were not trained on them most surely contradict.",
    discussion: """
      Each fold's network predicts the cases that it held out. Voxels where it is sure of another label are counted, \
      and cases are ranked by how much more of them they have than others of their fold. RESULTS/audit receives \
      audit.csv, audit_regions.csv, audit.html with pictures, and case_weights.csv for --case-weights of the samplers \
      static and just-train-twice, with 0 for cases that score above 3.5. CASE_probabilities.safetensors in \
      RESULTS/fold_K/validation are used where they are there.
      """)

  @Argument(help: "The data set's folder in nnU-Net's raw layout.")
  var dataset: URL

  @Option(name: .shortAndLong, help: "The folder RESULTS of a training's folds.")
  var model: URL

  @Option(parsing: .upToNextOption, help: "The folds to audit; those that are there when left out.")
  var folds: [String] = []

  @Flag(help: "Do not average over mirror images: eight times as fast and a little less accurate.")
  var noMirroring = false

  @Option(help: "The engine that computes convolutions.")
  var engine = Engine.auto

  @Flag(help: "Replace an earlier audit.")
  var overwrite = false

  @OptionGroup var log: LogOptions

  func validate() throws {
    guard Set(folds).count == folds.count else { throw ValidationError("--folds names a fold twice") }
  }

  func run() throws {
    let logger = log.logger()
    let raw = try RawDataset(dataset)
    let auditing = try LabelAuditing(
      raw, results: model, folds: folds,
      options: .init(mirrorAxes: noMirroring ? [] : nil, engine: engine), overwrites: overwrite, logger: logger)
    var record = RunRecord()
    (record.engine, record.precision) = (engine, .float32)
    try RunJournal.command(record, in: model, logger: logger) { journal in
      let (audit, failures) = try auditing.run(journal)
      try NewFolder.replace(auditing.folder) { try audit.write(to: $0) }
      print(audit.table(), terminator: "")
      // What the networks took so long for stays, whatever becomes of the pictures.
      journal.keep()
      try AuditPage(audit, of: raw, segmentations: auditing.segmentations)
        .write(to: auditing.folder.appendingPathComponent("audit.html"))
      print("Written to \(auditing.folder.relativePath): audit.csv, audit_regions.csv, case_weights.csv, audit.html")
      guard failures.isEmpty else {
        for failure in failures { ErrorOutput.write("\(failure)") }
        journal.end("failed: \(failures.count) cases are not audited")
        throw ExitCode.failure
      }
    }
  }
}
