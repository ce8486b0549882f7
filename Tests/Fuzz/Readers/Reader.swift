import Files
import Foundation

/// What is fuzzed: a reader of files, with sound files to begin from.
struct Reader {
  /// The name on the command line.
  let name: String
  /// Sound files, of which the inputs are damaged copies.
  let seeds: [[UInt8]]
  /// The share of the changes that know tokens of texts, from 0 for binary files to 1.
  let textShare: Double
  /// Reads a file and does with it what the program would. It throws what the reader promises to throw, nothing else.
  let read: ([UInt8]) throws -> Void

  init(_ name: String, seeds: [[UInt8]], textShare: Double, read: @escaping ([UInt8]) throws -> Void) {
    self.name = name
    self.seeds = seeds
    self.textShare = textShare
    self.read = read
  }

  /// A reader of texts.
  init(_ name: String, texts: [String], read: @escaping ([UInt8]) throws -> Void) {
    self.init(name, seeds: texts.map { Array($0.utf8) }, textShare: 0.8, read: read)
  }

  /// Makes inputs for this reader.
  var mutator: Mutator { Mutator(reader: name, seeds: seeds, textShare: textShare) }

  /// How an input ended.
  enum Outcome: Equatable {
    case accepted
    case refused(InputError)
    /// Another error than the reader promises.
    case failed(String)
  }

  /// Reads one input.
  func outcome(_ bytes: [UInt8]) -> Outcome {
    do {
      try read(bytes)
      return .accepted
    } catch let error as InputError {
      return .refused(error)
    } catch {
      return .failed("the error \(type(of: error)): \(error)")
    }
  }

  /// All readers by name. Each is made in a folder that it may use.
  static var all: [(name: String, make: (Workbench) throws -> Reader)] {
    nifti + cases + tensors + plans + datasets + tables + trainings
  }

  /// A reader by its name.
  ///
  /// - Throws: `InputError` when there is none.
  static func make(_ name: String, in workbench: Workbench) throws -> Reader {
    if name == faulty.name { return faulty }
    guard let reader = all.first(where: { $0.name == name }) else {
      throw InputError(
        "the reader", found: name, expected: "one of \(all.map(\.name).joined(separator: ", "))")
    }
    return try reader.make(workbench)
  }
}
