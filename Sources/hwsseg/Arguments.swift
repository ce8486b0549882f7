import ArgumentParser
import Foundation
import Tensors

/// Files and folders are given as paths.
extension URL: @retroactive ExpressibleByArgument {
  public init?(argument: String) {
    guard !argument.isEmpty else { return nil }
    self.init(fileURLWithPath: argument)
  }

  public var defaultValueDescription: String { relativePath }
}

extension Engine: ExpressibleByArgument {}
