import Datasets
import Evaluation
import Files
import Foundation
import Inference
import Logging
import NIfTI
import Perturbations
import Synchronization

/// Segments images as they are and after perturbations of their acquisition, and scores both: what `hwsseg stress`
/// does.
public struct StressTest {
  /// The kinds of perturbations.
  public var kinds = PerturbationKind.allCases
  /// From more than 0 to 1, ascending.
  public var severities = [0.25, 0.5, 0.75, 1]
  /// The number of perturbations drawn for each case, kind and severity.
  public var tries = 1
  /// Of the perturbations.
  public var seed: UInt64 = 1
  private let ensemble: Ensemble
  private let cases: [RawCase]
  private let groups: CaseTable?

  /// One segmentation to make.
  private struct Step: Sendable {
    let rawCase: RawCase
    let perturbation: DrawnPerturbation?
    let attempt: Int
  }

  /// Finds the cases in a folder of images and their references.
  ///
  /// - Parameters:
  ///   - images: A folder with `CASE_0000.nii.gz`, `CASE_0001.nii.gz`, …, one image for each input channel.
  ///   - reference: The folder of reference segmentations `CASE.nii.gz`.
  ///   - ensemble: The models that segment the images.
  ///   - groups: The table of groups; when left out, `groups.csv` beside the folder of references, if there is one.
  ///   - limit: How many cases to take, in order of their names; all when left out.
  /// - Throws: `InputError` when an image or a reference is missing, or the table cannot be read.
  public init(images: URL, reference: URL, with ensemble: Ensemble, groups: URL? = nil, limit: Int? = nil) throws {
    let cases = try RawCase.find(in: images, labels: reference, description: ensemble.dataset)
    let beside = reference.standardizedFileURL.deletingLastPathComponent().appendingPathComponent("groups.csv")
    let table = groups ?? (FileManager.default.fileExists(atPath: beside.path) ? beside : nil)
    self.cases = Array(cases.prefix(limit ?? cases.count))
    self.groups = try table.map { try CaseTable(contentsOf: $0) }
    self.ensemble = ensemble
  }

  /// The time and the memory for all segmentations, by the headers of the images.
  ///
  /// - Throws: `InputError` when an image cannot be read or does not fit its reference, or when memory does not
  ///   suffice.
  public func forecast() throws -> PredictionForecast {
    let changes = 1 + kinds.count * severities.count * tries
    let forecast = try ensemble.forecast(cases, times: changes, withProbabilities: false)
    if let failure = forecast.failures.first { throw failure }
    return forecast
  }

  /// Segments and scores: first all images as they are, so that one that cannot be read is noticed early, and then one
  /// kind after the other.
  ///
  /// - Parameters:
  ///   - overlaps: Whether three segmentations are in work at a time, see ``forecast()``.
  ///   - progress: Called after each segmentation, on a background thread.
  /// - Throws: `InputError` when a file cannot be read, or when logits are not finite.
  public func run(
    overlaps: Bool, progress: @escaping @Sendable (_ finished: Int, _ count: Int, _ score: StressScore) -> Void
  ) throws -> StressResult {
    let (steps, groups) = (steps, groups)
    let (targets, ignored) = (EvaluationTarget.all(of: ensemble.dataset), ensemble.dataset.ignoreLabel)
    let scores = Mutex<[StressScore]>([])
    let change: @Sendable (Int, inout [Image]) -> Void = { index, images in
      steps[index].perturbation?.apply(to: &images)
    }
    try ensemble.predict(steps.map(\.rawCase), overlaps: overlaps, changing: change) { prediction in
      // Predictions come in the order of the steps.
      let step = steps[scores.withLock(\.count)]
      guard let file = step.rawCase.label else { return }
      var (reference, geometry) = try NIfTIFile.readLabels(file)
      if let perturbation = step.perturbation {
        reference = perturbation.moved(reference, spacing: geometry.spacing)
      }
      let score = StressScore(
        caseName: prediction.name, group: groups?.value("group", of: prediction.name),
        perturbation: step.perturbation, attempt: step.attempt,
        dice: Evaluator.dice(
          prediction: prediction.labels, reference: reference, targets: targets, ignored: ignored))
      let finished = scores.withLock { scores in
        scores.append(score)
        return scores.count
      }
      progress(finished, steps.count, score)
    }
    return StressResult(
      targets: targets, kinds: kinds, severities: severities, tries: tries, scores: scores.withLock { $0 })
  }

  private var steps: [Step] {
    var steps = cases.map { Step(rawCase: $0, perturbation: nil, attempt: 0) }
    for kind in kinds {
      for severity in severities {
        for attempt in 0..<tries {
          let set = PerturbationSet(kind, severity: severity)
          steps += cases.map { rawCase in
            Step(
              rawCase: rawCase, perturbation: set.draw(seed: seed, caseName: rawCase.name, attempt: attempt),
              attempt: attempt)
          }
        }
      }
    }
    return steps
  }
}
