import Perturbations

/// A perturbation of a sample whose loss is wanted.
struct Trial {
  /// The position of the sample in the batch.
  let position: Int
  /// The sample's patch.
  let patch: NormalizedPatch
  let perturbation: DrawnPerturbation
}

extension TrainingStep {
  /// The losses of perturbed samples, with as many of them in a forward pass as the network takes.
  ///
  /// - Throws: `InputError` when a label is unknown to the loss.
  func losses(of trials: [Trial]) throws -> [Double] {
    let (batch, voxels) = (network.batchSize, labels.count / cases.count)
    var (images, labels) = (images, labels)
    return try stride(from: 0, to: trials.count, by: batch).flatMap { first in
      let part = trials[first..<min(first + batch, trials.count)]
      for (slot, trial) in part.enumerated() {
        write(trial.patch, changedBy: trial.perturbation, to: slot, of: &images)
        labels.replaceSubrange(
          slot * voxels..<(slot + 1) * voxels,
          with: self.labels[trial.position * voxels..<(trial.position + 1) * voxels])
      }
      // As in inference, so that the running statistics of batch normalization do not see the trials.
      forward(images, inference: true)
      return try network.computeLoss(loss, labels: labels)[..<part.count].map(Double.init)
    }
  }

  /// Writes a changed patch to a position of a batch.
  func write(
    _ patch: NormalizedPatch, changedBy perturbation: DrawnPerturbation, to position: Int, of images: inout [Float]
  ) {
    let size = images.count / cases.count
    images.withUnsafeMutableBufferPointer { images in
      let sample = UnsafeMutableBufferPointer(rebasing: images[position * size..<(position + 1) * size])
      patch.write(changedBy: perturbation, to: sample)
    }
  }
}
