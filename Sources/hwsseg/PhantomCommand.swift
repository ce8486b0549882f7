import ArgumentParser
import Datasets
import Foundation
import Phantoms

/// `hwsseg phantom`: makes up a data set with a common and a rare group.
struct PhantomCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "phantom",
    abstract: "Makes up a data set with a common and a rare group, to try everything on.")

  @Argument(help: "The folder for the new data set.")
  var folder: URL

  @Option(
    help:
      "Fetal brains, some of them with spina bifida, or gliomas, some of them from another scanner."
  )
  var kind = Phantom.Kind.fetal

  @Option(help: "Number of cases.")
  var cases = 24

  @Option(help: "The share of the rare group.")
  var minority = 0.2

  @Option(help: "The seed; equal seeds give equal data sets.")
  var seed: UInt64 = 1

  func run() throws {
    try Phantom.write(kind: kind, cases: cases, minority: minority, seed: seed, to: folder)
    print("\(cases) cases in \(folder.relativePath)")
  }
}

extension Phantom.Kind: ExpressibleByArgument {}
