import ArgumentParser
import Datasets
import Files
import Foundation
import Reports

/// `hwsseg report`: shows evaluations and trainings as a page to look at.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Shows one evaluation, or several side by side, as an HTML page.",
    discussion: """
      The page is one file without links to others: tables, percentiles, each case under the first evaluation and \
      the others, and each label and group. With --images and --reference, it shows the worst cases; with --run, what \
      a training learned and what its sampler drew.
      """)

  @Argument(help: "The folders with cases.csv, as 'hwsseg evaluate' writes it; usually those of the predictions.")
  var evaluations: [URL]

  @Option(help: "The table of groups; when left out, the groups named in the first cases.csv.")
  var groups: URL?

  @Option(help: "The folder of images CASE_0000.nii.gz, for pictures of the worst cases.")
  var images: URL?

  @Option(help: "The folder of reference segmentations CASE.nii.gz, for pictures of the worst cases.")
  var reference: URL?

  @Option(
    name: .customLong("run"),
    help: "The folder of a training, such as RESULTS/fold_0, to show its curves; may be repeated.")
  var trainings: [URL] = []

  @Option(name: .shortAndLong, help: "The page to write.")
  var output = URL(fileURLWithPath: "report.html")

  func validate() throws {
    if (images == nil) != (reference == nil) {
      throw ValidationError("--images and --reference go together")
    }
  }

  func run() throws {
    let slices = images.flatMap { images in reference.map { SliceFolders(images: images, reference: $0) } }
    let report = try Report(
      evaluations.map(CaseScores.init(folder:)), groups: groups.map(CaseTable.init(contentsOf:)),
      trainings: trainings.map(TrainingRun.init(folder:)), slices: slices)
    try report.write(to: output)
    print("Written to \(output.relativePath)")
  }
}
