import Statistics

extension CounterRandom {
  /// The random numbers of one patient, so that no patient depends on another, or on the order in which threads make
  /// them.
  init(seed: UInt64, patient: Int) {
    var random = CounterRandom(seed: seed)
    random = CounterRandom(seed: random.next() ^ UInt64(truncatingIfNeeded: patient))
    random = CounterRandom(seed: random.next())
    self.init(seed: random.next())
  }
}
