import ArgumentParser

/// The program: a verb a file.
@main
struct HwssegCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hwsseg", abstract: "Trains, runs and judges 3-D segmentation networks that learn the hard patients too.")
}
