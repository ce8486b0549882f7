import Statistics

/// What random numbers are used for, so that different uses at one position of a batch draw different numbers.
enum RandomPurpose: UInt64 {
  case patch, augmentation, validationCase, validationPatch, foregroundOrder, cleanCase, cleanPatch
  // The raw values are parts of keys: a training is repeated only if they stay.
  case weightedDraw = 8
  case adversarial
}

extension CounterRandom {
  /// The random numbers for one purpose at one position of a batch.
  ///
  /// - Parameters:
  ///   - seed: The seed of the training.
  ///   - iteration: The number of the batch, counted from the start of the training.
  ///   - position: The position of the sample in the batch.
  ///   - purpose: What the numbers are used for.
  init(seed: UInt64, iteration: Int, position: Int, purpose: RandomPurpose) {
    self.init(key: [
      seed, UInt64(bitPattern: Int64(iteration)), UInt64(bitPattern: Int64(position)), purpose.rawValue,
    ])
  }
}
