import Datasets
import Evaluation
import Files
import Foundation
import Inference
import Logging
import Synchronization

/// The audit of a data set's labels by the folds of a training: what `hwsseg audit` does.
///
/// Every case is compared with the probabilities of the network that was not trained on it. They are predicted anew,
/// unless `RESULTS/fold_K/validation` has `CASE_probabilities.safetensors`.
public struct LabelAuditing {
  /// The folder for the results, `RESULTS/audit`.
  public let folder: URL
  private let dataset: RawDataset
  private let groups: CaseTable?
  private let folds: [FoldAuditing]
  private let options: Predictor.Options
  private let logger: Logger

  /// Finds the folds and the cases that they held out; nothing is predicted yet.
  ///
  /// - Parameters:
  ///   - dataset: The data set with the labels to audit.
  ///   - results: The folder of the training's folds.
  ///   - names: The folds, `0`, `1`, …; all that are trained if empty.
  ///   - options: How cases are predicted.
  ///   - overwrites: Whether an earlier audit may be replaced.
  ///   - logger: Receives a line for each case.
  /// - Throws: `InputError` when a fold is not trained or is of another data set, when two folds held out the same
  ///   case, and when there is an audit already.
  public init(
    _ dataset: RawDataset, results: URL, folds names: [String] = [], options: Predictor.Options = .init(),
    overwrites: Bool = false, logger: Logger
  ) throws {
    (self.dataset, self.options, self.logger) = (dataset, options, logger)
    groups = try dataset.groups()
    folds = try ModelFolder.folds(names, of: results).map { try FoldAuditing($0, of: dataset) }
    folder = results.appendingPathComponent("audit")
    var owners: [String: FoldAuditing] = [:]
    for fold in folds {
      for rawCase in fold.cases {
        if let other = owners.updateValue(fold, forKey: rawCase.name) {
          throw InputError(
            fold.model.validation.path, found: "the case \(rawCase.name), which fold \(other.name) held out too",
            expected: "every case in one fold", advice: "Were the folds trained with different splits?")
        }
      }
    }
    guard overwrites || !FileManager.default.fileExists(atPath: folder.path) else {
      throw InputError(
        folder.path, found: "an audit already", expected: "none", advice: "Use --overwrite to replace it.")
    }
  }

  /// The segmentation of each case by the network that was not trained on it.
  public var segmentations: [String: URL] {
    folds.reduce(into: [:]) { files, fold in
      for rawCase in fold.cases { files[rawCase.name] = fold.segmentation(of: rawCase) }
    }
  }

  /// Audits all folds, one after the other.
  ///
  /// A case that cannot be read does not keep the others from being audited.
  ///
  /// - Parameter journal: Receives the weights that are read.
  /// - Returns: The audit, and why cases are not in it.
  /// - Throws: `InputError` when a model cannot be used, when memory does not suffice, and when no case is left.
  public func run(_ journal: RunJournal) throws -> (audit: LabelAudit, failures: [InputError]) {
    var (audits, failures) = ([FoldAudit](), [InputError]())
    for fold in folds {
      let (agreements, failed) = try agreements(fold, journal)
      failures += failed
      let audit = FoldAudit(fold: fold.name, agreements)
      let limits = audit.thresholds.map { "\($0.label) from \(String(format: "%.3f", $0.probability))" }
      logger.info("Fold \(fold.name) is sure of label \(limits.joined(separator: ", "))")
      audits.append(audit)
    }
    let audit = LabelAudit(audits, caseNames: dataset.caseNames, groups: groups)
    if audit.cases.isEmpty, let failure = failures.first { throw failure }
    return (audit, failures)
  }

  private func agreements(
    _ fold: FoldAuditing, _ journal: RunJournal
  ) throws -> (agreements: [CaseAgreement], failures: [InputError]) {
    let done = Mutex<(agreements: [CaseAgreement], failures: [InputError])>(([], []))
    let failed: @Sendable (InputError) -> Void = { error in done.withLock { $0.failures.append(error) } }
    let (count, logger) = (fold.cases.count, logger)
    @Sendable func attempt(_ compare: () throws -> CaseAgreement) throws {
      do {
        let agreement = try compare()
        let finished = done.withLock { done in
          done.agreements.append(agreement)
          return done.agreements.count
        }
        logger.info("Fold \(fold.name), \(finished)/\(count)  \(agreement.name)")
      } catch let error as InputError {
        failed(error)
      }
    }
    var others: [RawCase] = []
    for rawCase in fold.cases {
      do {
        // A label map that does not lie on its image is known before the image is predicted.
        try rawCase.checkGeometry()
        if let file = fold.probabilities(of: rawCase) {
          try attempt { try fold.agreement(rawCase, probabilities: file) }
        } else {
          others.append(rawCase)
        }
      } catch let error as InputError {
        failed(error)
      }
    }
    if !others.isEmpty {
      let cases = Dictionary(uniqueKeysWithValues: others.map { ($0.name, $0) })
      let ensemble = try ensemble(fold, journal)
      let forecast = try ensemble.forecast(others, withProbabilities: true, bodyBytes: CaseAgreement.bytesPerVoxel)
      logger.info("Fold \(fold.name): \(forecast)")
      try ensemble.predict(others, withProbabilities: true, overlaps: forecast.overlaps, failed: failed) { prediction in
        guard let rawCase = cases[prediction.name] else { return }
        try attempt { try FoldAuditing.agreement(rawCase, prediction, fold.description) }
      }
    }
    return done.withLock { $0 }
  }

  /// The fold's network, without post-processing: it would hide what the network thinks.
  private func ensemble(_ fold: FoldAuditing, _ journal: RunJournal) throws -> Ensemble {
    let model = try Model(fold.model)
    let weights = try fold.model.weights(.final).path
    journal.update { $0.weights[weights] = model.weightsChecksum }
    return try Ensemble([model], options: options, postprocesses: false)
  }
}
