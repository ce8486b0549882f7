import Datasets
import Plans
import Statistics

/// Times what a loader does for each batch, on a made-up case; a real one is read from the memory of the file system as well.
public enum LoadingTimer {
  /// The mean over `batches` of the seconds in which one thread cuts and augments a batch, by the augmentation of the plan. Most samples
  /// are barely changed and some take long, hence the mean.
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
