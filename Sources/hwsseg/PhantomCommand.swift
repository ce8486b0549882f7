import ArgumentParser
import Datasets
import Foundation
import Phantoms

/// `hwsseg phantom`: a made-up data set with a common and a rare subgroup.
struct PhantomCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "phantom",
    abstract: "Writes a made-up data set with a common and a rare subgroup, to try everything on.")

  @Argument(help: "The new data set's folder.")
  var folder: URL

  @Option(
    help:
      "What is drawn: fetal brains, of which some have spina bifida, or gliomas, of which some come from another scanner."
  )
  var kind = Phantom.Kind.fetal

  @Option(help: "Number of cases.")
  var cases = 24

  @Option(help: "The rare subgroup's share of the cases.")
  var minority = 0.2

  @Option(help: "Equal seeds give equal data sets.")
  var seed: UInt64 = 1

  func run() throws {
    try Phantom.write(kind: kind, cases: cases, minority: minority, seed: seed, to: folder)
    print("\(cases) cases in \(folder.relativePath)")
  }
}

extension Phantom.Kind: ExpressibleByArgument {}
