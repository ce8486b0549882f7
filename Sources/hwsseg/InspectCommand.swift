import ArgumentParser
import Foundation
import Workflows

/// `hwsseg inspect`: describes a file.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Describes a volume, plan, dataset.json, fingerprint, file of weights or preprocessed case.")

  @Argument(help: "The file.")
  var file: URL

  func run() throws { Self.show(try Inspection.facts(of: file)) }

  /// Prints facts in two columns.
  static func show(_ facts: [Inspection.Fact]) {
    let width = facts.map(\.0.count).max() ?? 0
    for (name, value) in facts { print(name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + value) }
  }
}
