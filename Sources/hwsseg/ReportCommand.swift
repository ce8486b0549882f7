import ArgumentParser
import Datasets
import Evaluation
import Files
import Foundation
import Reports

/// `hwsseg report`: shows evaluations and trainings as a page to look at.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Shows one method, or several side by side, as an HTML page.",
    discussion: """
      \(ArmOptions.arm) With two arms or more, the page begins with what compare says of them. With --arm-column, arms \
      are values of that column in the table given by --scores.

      The page is one file without links to others: the comparison, tables with intervals, percentiles, each case \
      under the first arm and the others, and each label and group. With --images and --reference, it shows the worst \
      cases; with --run, what a training learned and what its sampler drew. Everything shown is also written beside \
      the page as JSON and CSV.
      """)

  @Argument(help: "The arms.")
  var arms: [String]

  @OptionGroup var armOptions: ArmOptions

  @OptionGroup var options: ScoreOptions

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
      armOptions.sources(arms), columns: options.columns, groups: options.groups.map(CaseTable.init(contentsOf:)),
      trainings: trainings.map(TrainingRun.init(folder:)), slices: slices)
    let files = try report.write(to: output)
    print("Written to \(output.relativePath), the figures to \(files.map(\.lastPathComponent).joined(separator: ", "))")
  }
}
