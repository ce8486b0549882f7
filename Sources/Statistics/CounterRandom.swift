import Foundation

/// Random numbers that depend only on a key, such as a run's seed with the iteration, the position
/// in the batch and the purpose.
///
/// It does not matter which thread draws them or when, and a resumed run draws the same numbers.
///
/// The key is hashed to the start of a SplitMix64 sequence (Steele, Lea and Flood, "Fast splittable
/// pseudorandom number generators", 2014). `HardnessWeighting` has a copy of that sequence, because
/// it imports nothing.
public struct CounterRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts the original SplitMix64 sequence of a seed.
  public init(seed: UInt64) { state = seed }

  /// Starts the sequence of a key. Keys that differ in any part give unrelated sequences.
  public init(key: [UInt64]) {
    state = 0
    for part in key {
      state = Self.mixed(state &+ Self.increment) ^ Self.mixed(part &+ 0xD1B5_4A32_D192_ED03)
    }
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= Self.increment
    return Self.mixed(state)
  }

  /// A uniform number in [0, 1).
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A uniform number in [lower, upper).
  public mutating func uniform(_ lower: Double, _ upper: Double) -> Double { lower + (upper - lower) * uniform() }

  /// `true` with probability `p`.
  public mutating func chance(_ p: Double) -> Bool { uniform() < p }

  /// A uniform integer in `lower...upper`.
  public mutating func integer(_ lower: Int, _ upper: Int) -> Int {
    lower + Int(next().multipliedFullWidth(by: UInt64(upper - lower) + 1).high)
  }

  /// Two independent standard normal numbers from 64 random bits (Box and Muller, 1958).
  public mutating func normals() -> (Float, Float) {
    let bits = next()
    let radius = (-2 * log(Float(bits >> 40) * 0x1p-24 + 0x1p-25)).squareRoot()
    let angle = 2 * Float.pi * Float(bits & 0xFF_FFFF) * 0x1p-24
    return (radius * cos(angle), radius * sin(angle))
  }

  /// Two independent standard normal numbers in double precision, from 128 random bits.
  public mutating func preciseNormals() -> (Double, Double) {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    let angle = 2 * Double.pi * uniform()
    return (radius * cos(angle), radius * sin(angle))
  }

  private static let increment: UInt64 = 0x9E37_79B9_7F4A_7C15

  private static func mixed(_ value: UInt64) -> UInt64 {
    var bits = value
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }
}
