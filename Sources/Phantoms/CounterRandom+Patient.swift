import Statistics

extension CounterRandom {
  /// Creates the random numbers of one patient.
  ///
  /// A patient then depends neither on other patients nor on the order in which threads make them.
  init(seed: UInt64, patient: Int) {
    var random = CounterRandom(seed: seed)
    random = CounterRandom(seed: random.next() ^ UInt64(truncatingIfNeeded: patient))
    random = CounterRandom(seed: random.next())
    self.init(seed: random.next())
  }
}
