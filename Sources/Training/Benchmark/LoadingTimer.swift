import Datasets
import Plans
import Statistics

/// Times the preparation of batches on a synthetic case.
///
/// The case is in memory; a real one is also read from a memory-mapped file.
public enum LoadingTimer {
  /// The mean seconds that one thread needs to cut and augment a batch.
  ///
  /// It is the mean and not the median because a few samples, those with slow transforms, take most of the time.
  ///
  /// - Parameters:
  ///   - plan: The plan, which gives the patch size and the augmentation.
  ///   - channels: The number of input channels.
  ///   - batchSize: The number of samples in a batch.
  ///   - batches: The number of batches to prepare.
  public static func seconds(plan: Plan, channels: Int, batchSize: Int, batches: Int) -> Double {
    let patch = plan.configuration.patchSize
    let augmentation =
      plan.training.augmentation == .default ? Augmentation(patch: patch, maskedChannels: []) : nil
    let region = augmentation?.initialPatch ?? patch
    let voxels = region.reduce(1, *)
    let image = (0..<voxels * channels).map { Float($0 % 1009) / 500 - 1 }
    let labels = (0..<voxels).map { Int16($0 / 1013 % 3) }
    let time = ContinuousClock().measure {
      for iteration in 0..<batches {
        for position in 0..<batchSize {
          image.withUnsafeBufferPointer { image in
            labels.withUnsafeBufferPointer { labels in
              let source = PatchSource(
                image: image, labels: labels, channels: channels, shape: region, lower: [0, 0, 0], size: region)
              var random = CounterRandom(seed: 1, iteration: iteration, position: position, purpose: .augmentation)
              _ = augmentation?.apply(to: source, using: &random) ?? source.center(patch)
            }
          }
        }
      }
    }
    return time / .seconds(1) / Double(batches)
  }
}
