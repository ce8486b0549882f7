import ArgumentParser
import Cluster
import Datasets
import Files
import Foundation
import Plans
import Workflows

/// `hwsseg preprocess`: crops, normalizes and resamples all training cases of a data set.
struct PreprocessCommand: SharedCommand {
  static let configuration = CommandConfiguration(
    commandName: "preprocess", abstract: "Crops, normalizes and resamples all cases of a data set as a plan says.")

  @Argument(help: "A data set's folder in nnU-Net's raw layout.")
  var dataset: URL

  @Option(help: "The plan file.")
  var plan: URL

  @Option(name: .shortAndLong, help: "The folder for the preprocessed cases.")
  var output: URL

  @Flag(help: "Replace cases that were preprocessed into this folder before.")
  var overwrite = false

  @OptionGroup var log: LogOptions

  func run(with communicator: (any Communicator)?) throws {
    let logger = log.logger(communicator)
    for sentence in communicator?.divideMachine(threads: nil) ?? [] { logger.info("\(sentence)") }
    let isFirst = communicator?.isFirst ?? true
    if isFirst, !overwrite, PreprocessedStore.exists(in: output) {
      throw InputError(
        output.path, found: "a preprocessed data set already", expected: "a new folder",
        advice: "Use --overwrite to replace it.")
    }
    let raw = try RawDataset(dataset)
    let preprocessor = try Preprocessor(plan: Plan.read(plan), description: raw.description)
    try raw.checkIntegrity()
    let needs = try preprocessor.needs(of: raw)
    try needs.check(for: output)
    let count = communicator?.own(raw.cases).count ?? raw.cases.count
    let record = RunRecord(plan: preprocessor.plan.json.text)
    try RunJournal.command(record, in: isFirst ? output : nil, logger: logger) { journal in
      logger.info(
        "Preprocessing \(raw.cases.count) cases into \(output.relativePath), about \(ByteCount.text(needs.disk))")
      let store = try preprocessor.run(raw, to: output, with: communicator) { finished, name in
        journal.keep()
        logger.debug("\(ProcessMemory.description)")
        logger.info("\(finished)/\(count)  \(name)")
      }
      let checksums = try store.caseNames.compactMap { try store.case($0).checksum }
      journal.update { $0.data = RunRecord.checksum(checksums) }
    }
  }
}
