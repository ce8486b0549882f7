import Files
import Foundation
import NIfTI
import Threads

/// The files of a prediction and its reference.
struct CasePair: Sendable {
  let name: String
  let reference: URL
  let prediction: URL
  let voxels: Int

  /// Pairs the files of two folders by name. Headers are compared, voxels are not read.
  ///
  /// - Parameters:
  ///   - ending: The ending of the files' names, such as `.nii.gz`.
  ///   - cases: The cases to pair; when left out, all references, each of which needs a prediction.
  /// - Returns: The pairs in order of their names.
  /// - Throws: `InputError` when predictions (or references) are missing, or when a pair differs in shape or geometry.
  static func all(
    reference: URL, prediction: URL, ending: String, cases: Set<String>? = nil
  ) throws -> [CasePair] {
    let references = try caseNames(in: reference, ending: ending)
    let predictions = try caseNames(in: prediction, ending: ending)
    let wanted = cases ?? references
    guard !wanted.isEmpty else {
      throw InputError(reference.path, found: "no file that ends in \(ending)", expected: "reference segmentations")
    }
    func require(_ names: Set<String>, in present: Set<String>, of folder: URL, _ what: String) throws {
      let missing = names.subtracting(present).sorted()
      guard missing.isEmpty else {
        let list = missing.prefix(10).joined(separator: ", ") + (missing.count > 10 ? ", …" : "")
        throw InputError(
          folder.path, found: "no \(what) of \(missing.count) of \(names.count) cases: \(list)",
          expected: "a file CASE\(ending) for each")
      }
    }
    try require(wanted, in: references, of: reference, "reference")
    try require(wanted, in: predictions, of: prediction, "prediction")
    if cases == nil { try require(predictions, in: references, of: reference, "reference") }
    return try wanted.sorted().map { name in
      try CasePair(
        name: name, reference: reference.appendingPathComponent(name + ending),
        prediction: prediction.appendingPathComponent(name + ending))
    }
  }

  /// The names of the cases in a folder of label maps.
  static func caseNames(in folder: URL, ending: String) throws -> Set<String> {
    guard let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
      throw InputError(folder.path, found: "no folder that can be read", expected: "a folder of label maps")
    }
    return Set(files.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }.map { String($0.dropLast(ending.count)) })
  }

  /// Checks that both files have the same shape and geometry.
  private init(name: String, reference: URL, prediction: URL) throws {
    let expected = try NIfTIFile.readGeometry(reference)
    let found = try NIfTIFile.readGeometry(prediction)
    try found.check(
      agreesWith: expected, file: prediction, other: reference,
      advice: "Write predictions on the grid and with the geometry of the image they were made from.")
    self.name = name
    self.reference = reference
    self.prediction = prediction
    voxels = expected.shape.reduce(1, *)
  }

  /// Runs `body` over the pairs, several at a time, as many as fit into memory.
  ///
  /// - Returns: The results in the order of the pairs.
  /// - Throws: The error of the first pair that has one; pairs not begun by then are left out.
  static func map<Result: Sendable>(
    _ pairs: [CasePair], _ body: @Sendable (CasePair) throws -> Result
  ) throws -> [Result] {
    try Parallel.map(pairs.count, maximumThreads: maximumThreads(pairs)) { try body(pairs[$0]) }
  }

  /// How many cases fit into a quarter of the memory; each takes two volumes of labels, four masks and two volumes of
  /// distances.
  private static func maximumThreads(_ pairs: [CasePair]) -> Int {
    let voxels = pairs.map(\.voxels).max() ?? 1
    let held = Double(voxels) * (2 * 4 + 4 * 1 + 2 * 8)
    return max(1, Int(min(1024, Double(ProcessInfo.processInfo.physicalMemory) / 4 / held)))
  }
}
