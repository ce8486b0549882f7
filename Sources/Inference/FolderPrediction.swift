import Datasets
import Files
import Foundation
import Synchronization

/// Segments the images of a folder into another: what `hwsseg predict` does.
public struct FolderPrediction {
  /// What to do with segmentations that are there already.
  public enum Existing: Sendable {
    /// Throw, before anything is computed.
    case refuse
    /// Leave them as they are and their cases out.
    case keep
    case replace
  }

  private let ensemble: Ensemble
  private let cases: [RawCase]
  private let output: URL
  private let savesProbabilities: Bool
  /// How many of the folder's cases are left out because they are segmented already.
  public let keptCount: Int
  /// How many cases `run` will segment.
  public var caseCount: Int { cases.count }

  /// Finds the images and checks what is in the output folder.
  ///
  /// - Parameters:
  ///   - images: a folder of images `CASE_0000.nii.gz`, `CASE_0001.nii.gz`, …, one for each channel.
  ///   - output: the folder for the segmentations `CASE.nii.gz` and, on request, `CASE_probabilities.safetensors`.
  /// - Throws: `InputError` when images are missing, or when `existing` is `.refuse` and a case is segmented already.
  public init(
    images: URL, with ensemble: Ensemble, to output: URL, savesProbabilities: Bool = false,
    existing: Existing = .refuse
  ) throws {
    let all = try RawCase.find(in: images, description: ensemble.dataset)
    try self.init(all, with: ensemble, to: output, savesProbabilities: savesProbabilities, existing: existing)
  }

  /// The same for cases whose files lie anywhere.
  public init(
    _ all: [RawCase], with ensemble: Ensemble, to output: URL, savesProbabilities: Bool = false,
    existing: Existing = .refuse
  ) throws {
    self.ensemble = ensemble
    self.output = output
    self.savesProbabilities = savesProbabilities
    /// The segmentation is written last, so it tells that all files of a case are there.
    func files(of name: String) -> [URL] {
      let names =
        [name + ensemble.dataset.fileEnding] + (savesProbabilities ? ["\(name)_probabilities.safetensors"] : [])
      return names.map { output.appendingPathComponent($0) }
    }
    func exists(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }
    switch existing {
    case .refuse:
      if let file = all.map({ files(of: $0.name)[0] }).first(where: exists) {
        throw InputError(
          file.path, found: "a segmentation already", expected: "a new folder",
          advice: "Use --continue to leave it out, or --overwrite to replace it.")
      }
      cases = all
    case .keep: cases = all.filter { !files(of: $0.name).allSatisfy(exists) }
    case .replace: cases = all
    }
    keptCount = all.count - cases.count
  }

  /// Segments the cases in order.
  ///
  /// - Parameter progress: called after each case, with the number of finished cases and the seconds since the last.
  /// - Throws: `InputError` when the folder cannot be written, or as `Ensemble.predict` does.
  public func run(progress: @escaping @Sendable (_ finished: Int, _ caseName: String, _ seconds: Double) -> Void) throws
  {
    // Written first, so that a folder that cannot be written is found out before the work is done.
    try ensemble.dataset.write(to: output.appendingPathComponent("dataset.json"))
    let state = Mutex((finished: 0, time: ContinuousClock.now))
    try ensemble.predict(cases, withProbabilities: savesProbabilities) { [output] prediction in
      try prediction.write(to: output)
      state.withLock { state in
        let now = ContinuousClock.now
        let seconds = (now - state.time) / .seconds(1)
        state = (state.finished + 1, now)
        progress(state.finished, prediction.name, seconds)
      }
    }
  }
}
