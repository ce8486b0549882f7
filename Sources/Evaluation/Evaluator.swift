import Datasets
import Dispatch
import Files
import Foundation
import NIfTI
import Synchronization

/// Judges a folder of predictions by a folder of reference segmentations.
public enum Evaluator {
  /// Compares every reference with the prediction of the same name.
  ///
  /// Headers are checked before the first case is computed. Cases are computed side by side, as many as the memory holds.
  ///
  /// - Parameters:
  ///   - reference, prediction: folders of label maps, named after their cases with the data set's file ending.
  ///   - description: says which labels or regions count, and which label is ignored.
  ///   - groups: the table of subgroups to break results down by; cases it does not list are in none.
  ///   - cases: those to judge, for a fold's validation; when left out, all references, and every one needs a prediction.
  /// - Throws: `InputError` when predictions (or references) are missing, when a pair differs in shape or place, and when a file
  ///   is no label map.
  public static func evaluate(
    reference: URL, prediction: URL, description: DatasetDescription, groups: Groups? = nil, cases: [String]? = nil
  ) throws -> EvaluationSummary {
    let targets = EvaluationTarget.all(of: description)
    let pairs = try pairs(
      reference: reference, prediction: prediction, ending: description.fileEnding, cases: cases.map(Set.init))
    if let groups, !pairs.contains(where: { groups.caseNames.contains($0.name) }) {
      throw InputError(
        "groups.csv", found: "none of the \(pairs.count) cases (\(pairs[0].name), …)", expected: "a line for each case")
    }
    let largest = try pairs.map { try checkGeometry($0) }.max() ?? 1

    let next = Mutex(0)
    let results = Mutex<(cases: [CaseEvaluation], failure: (any Error)?)>(([], nil))
    DispatchQueue.concurrentPerform(iterations: workers(voxels: largest, cases: pairs.count)) { _ in
      while results.withLock({ $0.failure == nil }) {
        let index = next.withLock { next in
          defer { next += 1 }
          return next
        }
        guard index < pairs.count else { return }
        do {
          let item = try evaluate(pairs[index], targets: targets, ignored: description.ignoreLabel)
          results.withLock { $0.cases.append(item) }
        } catch {
          results.withLock { $0.failure = error }
        }
      }
    }
    let (evaluated, failure) = results.withLock { $0 }
    if let failure { throw failure }
    return EvaluationSummary(targets: targets, cases: evaluated, groups: groups)
  }

  private struct Pair: Sendable {
    let name: String
    let reference: URL
    let prediction: URL
  }

  private static func pairs(
    reference: URL, prediction: URL, ending: String, cases: Set<String>?
  ) throws -> [Pair] {
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
    return wanted.sorted().map { name in
      Pair(
        name: name, reference: reference.appendingPathComponent(name + ending),
        prediction: prediction.appendingPathComponent(name + ending))
    }
  }

  private static func caseNames(in folder: URL, ending: String) throws -> Set<String> {
    guard let files = try? FileManager.default.contentsOfDirectory(atPath: folder.path) else {
      throw InputError(folder.path, found: "no folder that can be read", expected: "a folder of label maps")
    }
    return Set(files.filter { $0.hasSuffix(ending) && !$0.hasPrefix(".") }.map { String($0.dropLast(ending.count)) })
  }

  /// Checks that both files describe the same voxels in the same place.
  ///
  /// - Returns: how many voxels there are.
  private static func checkGeometry(_ pair: Pair) throws -> Int {
    let expected = try NIfTIFile.readGeometry(pair.reference)
    let found = try NIfTIFile.readGeometry(pair.prediction)
    guard found.shape == expected.shape else {
      throw InputError(
        pair.prediction.path, found: "\(found.shape) voxels (z, y, x)",
        expected: "\(expected.shape) as in \(pair.reference.path)",
        advice: "Predictions have to be on the grid of the reference.")
    }
    // Writers round differently; a tenth of a voxel is neither rounding nor a flip.
    let shift = largestShift(found, expected)
    guard shift <= 0.1 * (expected.spacing.min() ?? 1) else {
      throw InputError(
        pair.prediction.path,
        found: "voxels up to \(String(format: "%.3g", shift)) mm from where the reference has them",
        expected: "the place and orientation of \(pair.reference.path)",
        advice: "Write predictions with the geometry of the image they were made from.")
    }
    return expected.shape.reduce(1, *)
  }

  /// The largest distance in mm between the places that two geometries give the corners of the volume.
  private static func largestShift(_ a: Geometry, _ b: Geometry) -> Double {
    let difference = zip(a.affine, b.affine).map { $0 - $1 }
    var largest = 0.0
    for corner in 0..<8 {
      let index = (0..<3).map { axis in corner >> axis & 1 == 1 ? Double(a.shape[2 - axis] - 1) : 0 }
      var squared = 0.0
      for row in 0..<3 {
        let entries = difference[(4 * row)..<(4 * row + 4)].map { $0 }
        let shift = entries[0] * index[0] + entries[1] * index[1] + entries[2] * index[2] + entries[3]
        squared += shift * shift
      }
      largest = max(largest, squared.squareRoot())
    }
    return largest
  }

  /// How many cases are computed side by side: two volumes of labels, four masks and two volumes of distances each, in at most a
  /// quarter of the memory.
  private static func workers(voxels: Int, cases: Int) -> Int {
    let held = Double(max(1, voxels)) * (2 * 4 + 4 * 1 + 2 * 8)
    let fitting = Int(min(1024, Double(ProcessInfo.processInfo.physicalMemory) / 4 / held))
    return max(1, min(fitting, ProcessInfo.processInfo.activeProcessorCount, cases))
  }

  private static func evaluate(_ pair: Pair, targets: [EvaluationTarget], ignored: Int?) throws -> CaseEvaluation {
    let (reference, geometry) = try NIfTIFile.readLabels(pair.reference)
    let (prediction, _) = try NIfTIFile.readLabels(pair.prediction)
    let metrics = targets.map { target in
      SegmentationMetrics(
        prediction: prediction, reference: reference, values: target.values, ignored: ignored, spacing: geometry.spacing
      )
    }
    return CaseEvaluation(
      name: pair.name, predictionFile: pair.prediction, referenceFile: pair.reference, metrics: metrics)
  }
}
