import Foundation

/// SplitMix64 (Steele, Lea and Flood 2014), started from a seed, a case and a purpose, so that no case depends on another
/// or on the order in which threads make them.
struct PhantomRandom {
  private var state: UInt64

  init(seed: UInt64, item: Int, purpose: Int = 0) {
    state = seed
    state = next() ^ UInt64(truncatingIfNeeded: item)
    state = next() ^ UInt64(truncatingIfNeeded: purpose)
    state = next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  /// Evenly distributed between the range's bounds.
  mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    let unit = Double(next() >> 11) * 0x1p-53
    return range.lowerBound + unit * (range.upperBound - range.lowerBound)
  }

  /// Two independent standard normal numbers (Box and Muller).
  mutating func normalPair() -> (Double, Double) {
    let radius = (-2 * log(1 - uniform(0...1))).squareRoot()
    let angle = 2 * Double.pi * uniform(0...1)
    return (radius * cos(angle), radius * sin(angle))
  }
}
