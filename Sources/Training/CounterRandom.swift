import Foundation

/// Random numbers that depend on nothing but what they are for: the run's seed, the iteration, the position in the
/// batch and the purpose. Which thread asks, and when, does not matter, and a resumed run draws the same numbers.
///
/// The four are hashed to the starting point of a SplitMix64 sequence.
public struct CounterRandom: RandomNumberGenerator, Sendable {
  /// Keeps the numbers for different uses of the same place apart.
  public enum Purpose: UInt64, Sendable {
    case patch, augmentation, validationCase, validationPatch
  }

  private var state: UInt64

  public init(seed: UInt64, iteration: Int, position: Int, purpose: Purpose) {
    state = 0
    for part in [seed, UInt64(bitPattern: Int64(iteration)), UInt64(bitPattern: Int64(position)), purpose.rawValue] {
      state = Self.mixed(state &+ 0x9E37_79B9_7F4A_7C15) ^ Self.mixed(part &+ 0xD1B5_4A32_D192_ED03)
    }
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }

  /// Uniform in [0, 1).
  public mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// Uniform in [lower, upper).
  public mutating func uniform(_ lower: Double, _ upper: Double) -> Double { lower + (upper - lower) * uniform() }

  /// True with probability `p`.
  public mutating func chance(_ p: Double) -> Bool { uniform() < p }

  /// A uniform integer in `lower...upper`.
  public mutating func integer(_ lower: Int, _ upper: Int) -> Int {
    lower + Int(next().multipliedFullWidth(by: UInt64(upper - lower) + 1).high)
  }

  /// Two independent standard normal numbers (Box and Muller).
  public mutating func normals() -> (Float, Float) {
    let bits = next()
    let radius = (-2 * log(Float(bits >> 40) * 0x1p-24 + 0x1p-25)).squareRoot()
    let angle = 2 * Float.pi * Float(bits & 0xFF_FFFF) * 0x1p-24
    return (radius * cos(angle), radius * sin(angle))
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var bits = value
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }
}
