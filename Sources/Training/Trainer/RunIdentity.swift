import Datasets
import Files
import Foundation
import Tensors

/// What makes a run this run and no other, beside its plan and labels, which the model folder holds as files.
struct RunIdentity: Codable, Equatable {
  /// The checksum of each preprocessed case, training cases first; `nil` where cases were preprocessed by an earlier
  /// version, which stored none.
  let cases: [String]?
  /// What computes convolutions.
  let engine: String
  /// The number format of activations and convolutions.
  let precision: String
  /// The names of the clean cases that the run learns from; `nil` if it does not.
  let cleanCases: [String]?

  init(_ task: TrainingTask, cases: [StoredCase]) {
    let checksums = cases.compactMap(\.checksum)
    self.cases = checksums.count == cases.count ? checksums : nil
    engine = "\(task.engine)"
    precision = "\(task.precision)"
    cleanCases = task.plan.training.learnsFromCleanCases ? task.cleanCases : nil
  }

  /// Checks that a run which began as `stored` can go on with this identity.
  ///
  /// - Returns: What differs but does not matter for what is learned, as sentences.
  /// - Throws: `InputError` when the cases have other images or labels than at the beginning, or others are clean.
  func check(resumes stored: RunIdentity, file: URL) throws -> [String] {
    if let cases, let others = stored.cases, cases != others {
      throw InputError(
        file.path, found: "a run on other images or labels of the same names", expected: "those it was begun with",
        advice: "Resume with the data of the first call, or start a new run in another folder.")
    }
    guard cleanCases == stored.cleanCases else {
      throw InputError(
        file.path, found: "a run with \(stored.cleanCases?.count ?? 0) other clean cases",
        expected: "those it was begun with",
        advice: "Resume with the groups.csv of the first call, or start a new run in another folder.")
    }
    var sentences: [String] = []
    if engine != stored.engine {
      sentences.append(
        "The run was begun with --engine \(stored.engine); its results are no longer those of one engine.")
    }
    if precision != stored.precision {
      sentences.append(
        "The run was begun with --precision \(stored.precision); its results are no longer those of one precision.")
    }
    return sentences
  }
}
