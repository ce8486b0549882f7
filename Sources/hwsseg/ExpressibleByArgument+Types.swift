import ArgumentParser
import Foundation
import Tensors

/// Files and folders are given as paths.
// Foundation and ArgumentParser cannot both come to give URL this conformance without the other knowing.
// swift-format-ignore: AvoidRetroactiveConformances
extension URL: @retroactive ExpressibleByArgument {
  public init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    self.init(fileURLWithPath: argument)
  }

  public var defaultValueDescription: String { relativePath }
}

extension Engine: ExpressibleByArgument {}
extension Precision: ExpressibleByArgument {}
