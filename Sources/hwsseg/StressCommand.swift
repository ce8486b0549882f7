import ArgumentParser
import Foundation
import Inference
import Logging
import Perturbations
import Workflows

/// `hwsseg stress`: how a model's segmentations suffer when images are acquired differently.
struct StressCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stress", abstract: "Measures how Dice falls when images are acquired differently.",
    discussion: """
      Segments the images as they are and after changes of contrast, brightness, noise, slice thickness, ghosting and \
      position, from weak (severity 0.25) to strong (1), and compares each segmentation with its reference. Only the \
      scores are written, no images.
      """)

  @OptionGroup var models: ModelOptions

  @Option(help: "The folder of reference segmentations CASE.nii.gz.")
  var reference: URL

  @Option(
    name: .shortAndLong, help: "The folder for stress.csv and stress.svg; when left out, nothing is written.")
  var output: URL?

  @Option(parsing: .upToNextOption, help: "The kinds of changes; all when left out.")
  var kinds: [PerturbationKind] = []

  @Option(parsing: .upToNextOption, help: "How strong changes are, more than 0 and at most 1.")
  var severities = [0.25, 0.5, 0.75, 1]

  @Option(help: "How many changes to draw for each case, kind and severity; their mean and the worst are shown.")
  var tries = 1

  @Option(help: "The seed of the changes.")
  var seed = 1

  @Option(help: "Take only the first N cases.")
  var cases: Int?

  @Option(help: "The table of groups; when left out, groups.csv beside the references' folder.")
  var groups: URL?

  @OptionGroup var log: LogOptions

  func validate() throws {
    guard severities.allSatisfy({ $0 > 0 && $0 <= 1 }), Set(severities).count == severities.count else {
      throw ValidationError("--severities takes different numbers, more than 0 and at most 1")
    }
    guard Set(kinds).count == kinds.count else { throw ValidationError("--kinds names a kind twice") }
    guard tries >= 1 else { throw ValidationError("--tries must be at least 1") }
    guard cases ?? 1 >= 1 else { throw ValidationError("--cases must be at least 1") }
  }

  func run() throws {
    let logger = log.logger()
    let read = try models.read()
    guard let output else { return print(try stress(read, logger).tables(), terminator: "") }
    var record = try models.record(read)
    record.seeds = [seed]
    try RunJournal.command(record, in: output, logger: logger) { journal in
      let result = try stress(read, logger)
      journal.keep()
      try result.write(to: output)
      print(result.tables(), terminator: "")
      print("\nWritten to \(output.relativePath): stress.csv, stress.svg")
    }
  }

  private func stress(_ read: [Model], _ logger: Logger) throws -> StressResult {
    let ensemble = try Ensemble(read, options: models.predictor)
    var test = try StressTest(images: models.input, reference: reference, with: ensemble, groups: groups, limit: cases)
    if !kinds.isEmpty { test.kinds = kinds }
    (test.severities, test.tries) = (severities.sorted(), tries)
    test.seed = UInt64(bitPattern: Int64(seed))
    let forecast = try test.forecast()
    logger.info("Every change counted: \(forecast)")
    return try test.run(overlaps: forecast.overlaps) { finished, count, score in
      let change = score.perturbation.map { "\($0.set.kind.rawValue) \($0.set.severity)" } ?? "without change"
      logger.info("\(finished)/\(count)  \(score.caseName)  \(change)  \(String(format: "%.3f", score.mean))")
    }
  }
}

extension PerturbationKind: ExpressibleByArgument {}
