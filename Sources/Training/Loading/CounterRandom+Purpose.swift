import Statistics

/// What random numbers of a training are for; keeps the uses of one place in a batch apart.
enum RandomPurpose: UInt64 {
  case patch, augmentation, validationCase, validationPatch
}

extension CounterRandom {
  /// The random numbers for one purpose at one position of a batch.
  ///
  /// - Parameter iteration: counted from the start of the run.
  init(seed: UInt64, iteration: Int, position: Int, purpose: RandomPurpose) {
    self.init(key: [
      seed, UInt64(bitPattern: Int64(iteration)), UInt64(bitPattern: Int64(position)), purpose.rawValue,
    ])
  }
}
