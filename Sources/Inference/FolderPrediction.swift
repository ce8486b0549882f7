import Cluster
import Datasets
import Files
import Foundation
import Synchronization

/// Segments images and writes the segmentations into a folder: what `hwsseg predict` does.
///
/// The output folder receives `CASE.nii.gz` for each case (with the data set's file ending), on request
/// `CASE_probabilities.safetensors`, and a copy of `dataset.json`.
public struct FolderPrediction {
  /// What to do with segmentations that exist already.
  public enum Existing: Sendable {
    /// Throws an error before anything is computed.
    case refuse
    /// Keeps them and skips their cases.
    case keep
    /// Overwrites them.
    case replace
  }

  private let ensemble: Ensemble
  private let cases: [RawCase]
  private let output: URL
  private let savesProbabilities: Bool
  private let communicator: (any Communicator)?
  /// The number of cases that are skipped because they have been segmented already.
  public let keptCount: Int
  /// The number of cases that this process segments.
  public var caseCount: Int { cases.count }
  /// The time and the memory that `run` will take, and the cases that it cannot segment.
  public let forecast: PredictionForecast

  /// Finds the cases in a folder of images, checks which of them have been segmented, and looks at the headers of the
  /// others.
  ///
  /// - Parameters:
  ///   - images: A folder with `CASE_0000.nii.gz`, `CASE_0001.nii.gz`, …, one image for each input channel.
  ///   - ensemble: The models that segment the images.
  ///   - output: The folder for the segmentations.
  ///   - savesProbabilities: Whether to write the probabilities of all output channels too.
  ///   - existing: What to do with segmentations that are in `output` already.
  ///   - communicator: The processes that divide the cases; `nil` when this one has all of them.
  /// - Throws: `InputError` when images are missing, when `output` is the folder of images, when `existing` is
  ///   `.refuse` and a case has been segmented, or when memory or disk do not suffice.
  public init(
    images: URL, with ensemble: Ensemble, to output: URL, savesProbabilities: Bool = false,
    existing: Existing = .refuse, communicator: (any Communicator)? = nil
  ) throws {
    guard output.resolvingSymlinksInPath() != images.resolvingSymlinksInPath() else {
      throw InputError(output.path, found: "the folder of images", expected: "another folder for the segmentations")
    }
    let cases = try RawCase.find(in: images, description: ensemble.dataset)
    try self.init(
      cases, with: ensemble, to: output, savesProbabilities: savesProbabilities, existing: existing,
      communicator: communicator)
  }

  /// Takes the cases whose images are listed, wherever the files are, checks which have been segmented, and looks at
  /// the headers of the others.
  ///
  /// - Parameters:
  ///   - allCases: The cases; label files, if any, are not read.
  ///   - ensemble: The models that segment the images.
  ///   - output: The folder for the segmentations.
  ///   - savesProbabilities: Whether to write the probabilities of all output channels too.
  ///   - existing: What to do with segmentations that are in `output` already.
  ///   - communicator: The processes that divide the cases; `nil` when this one has all of them.
  /// - Throws: `InputError` when `existing` is `.refuse` and a case has been segmented, or when memory or disk do not
  ///   suffice.
  public init(
    _ allCases: [RawCase], with ensemble: Ensemble, to output: URL, savesProbabilities: Bool = false,
    existing: Existing = .refuse, communicator: (any Communicator)? = nil
  ) throws {
    (self.ensemble, self.communicator) = (ensemble, communicator)
    self.output = output
    self.savesProbabilities = savesProbabilities
    // The segmentation is written last: where it exists, the case is complete.
    func files(of name: String) -> [URL] {
      let names =
        [name + ensemble.dataset.fileEnding] + (savesProbabilities ? ["\(name)_probabilities.safetensors"] : [])
      return names.map { output.appendingPathComponent($0) }
    }
    func exists(_ file: URL) -> Bool { FileManager.default.fileExists(atPath: file.path) }
    let left: [RawCase]
    switch existing {
    case .refuse:
      if let file = allCases.map({ files(of: $0.name)[0] }).first(where: exists) {
        throw InputError(
          file.path, found: "an existing segmentation", expected: "a folder without segmentations of these cases",
          advice: "Use --continue to keep it, or --overwrite to replace it.")
      }
      left = allCases
    case .keep: left = allCases.filter { !files(of: $0.name).allSatisfy(exists) }
    case .replace: left = allCases
    }
    keptCount = allCases.count - left.count
    cases = communicator?.own(left) ?? left
    forecast = try ensemble.forecast(cases, withProbabilities: savesProbabilities)
    try DiskSpace.check([(output, forecast.probabilityBytes)])
  }

  /// Segments the cases of this process in order.
  ///
  /// A case whose image cannot be read, or whose logits are not finite, does not keep the others from being segmented.
  ///
  /// - Parameter progress: Called after each case, on a background thread, with the number of finished cases, the name
  ///   of the case, and the seconds since the case before.
  /// - Returns: Why cases could not be segmented, also those of other processes; empty when all are.
  /// - Throws: `InputError` when the folder cannot be written, when another process writes into it, or when it holds
  ///   the `dataset.json` of another data set.
  public func run(
    progress: @escaping @Sendable (_ finished: Int, _ caseName: String, _ seconds: Double) -> Void
  ) throws -> [InputError] {
    guard let communicator else {
      return try FolderLock.holding(output) {
        // Written first, so that a folder that cannot be written is noticed before hours of work.
        try writeDescription()
        return try segment(progress)
      }
    }
    // When all have seen which cases are left, the first may write.
    communicator.wait()
    func runTogether() throws -> [InputError] {
      if communicator.isFirst { try writeDescription() }
      communicator.wait()
      return try communicator.gather(segment(progress))
    }
    return try communicator.isFirst ? FolderLock.holding(output, runTogether) : runTogether()
  }

  private func segment(
    _ progress: @escaping @Sendable (_ finished: Int, _ caseName: String, _ seconds: Double) -> Void
  ) throws -> [InputError] {
    let failures = Mutex<[InputError]>([])
    let state = Mutex((finished: 0, time: ContinuousClock.now))
    let failed: @Sendable (InputError) -> Void = { error in failures.withLock { $0.append(error) } }
    try ensemble.predict(
      cases, withProbabilities: savesProbabilities, overlaps: forecast.overlaps, failed: failed
    ) { [output] prediction in
      try prediction.write(to: output)
      state.withLock { state in
        let now = ContinuousClock.now
        let seconds = (now - state.time) / .seconds(1)
        state = (state.finished + 1, now)
        progress(state.finished, prediction.name, seconds)
      }
    }
    return failures.withLock { $0 }
  }

  /// Copies `dataset.json`, unless there is one already, which is kept; it may belong to a data set with more to say.
  private func writeDescription() throws {
    let file = output.appendingPathComponent("dataset.json")
    guard FileManager.default.fileExists(atPath: file.path) else { return try ensemble.dataset.write(to: file) }
    let dataset = ensemble.dataset
    guard let found = try? DatasetDescription(contentsOf: file), found.labels == dataset.labels,
      found.regionsClassOrder == dataset.regionsClassOrder, found.fileEnding == dataset.fileEnding
    else {
      throw InputError(
        file.path, found: "the description of another data set", expected: "a folder for these segmentations alone",
        advice: "Choose another folder, or remove that file.")
    }
  }
}

extension Communicator {
  /// Gathers the errors of all processes.
  fileprivate func gather(_ errors: [InputError]) throws -> [InputError] {
    let texts = gather(String(decoding: try JSONEncoder().encode(errors), as: UTF8.self))
    return try texts.flatMap { try JSONDecoder().decode([InputError].self, from: Data($0.utf8)) }
  }
}
