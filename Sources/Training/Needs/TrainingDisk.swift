import Datasets
import Foundation
import Plans

/// The disk that a training takes.
public enum TrainingDisk {
  /// The bytes that a training will add to its model folder.
  ///
  /// - Parameters:
  ///   - plan: The plan.
  ///   - weights: The number of trained weights.
  ///   - cases: The number of training cases.
  ///   - folder: The model folder. Where a run is resumed, its checkpoints are replaced by others of the same size.
  ///   - resumes: Whether a run is resumed.
  public static func bytes(_ plan: Plan, weights: Int, cases: Int, folder: ModelFolder, resumes: Bool) -> Int {
    let settings = plan.training
    let once = 4 * weights
    let hasAverage = settings.ema > 0
    // The last checkpoint and the one before, with velocities; and the best, the last and the averaged weights.
    let checkpoints = 2 * once * (hasAverage ? 3 : 2) + once * (hasAverage ? 3 : 2)
    let epochs = TrainingLength(plan).mostEpochs
    let visits = epochs * settings.iterationsPerEpoch * plan.configuration.batchSize
    let tables = bytesPerRow * (visits + epochs * cases)
    guard resumes else { return checkpoints + tables }
    let present = ModelFolder.Checkpoint.allCases.map(folder.checkpoint) + [folder.previousCheckpoint]
    let sizes = present.map { (try? $0.resourceValues(forKeys: [.fileSizeKey]).fileSize) ?? 0 }
    return max(0, checkpoints - sizes.reduce(0, +)) + tables
  }

  /// Bytes of a row of `visits.csv` or `sampler.csv`, as they are commonly.
  private static let bytesPerRow = 100
}
