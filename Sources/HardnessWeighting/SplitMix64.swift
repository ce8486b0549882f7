/// The SplitMix64 random generator (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
///
/// Its whole state is one number, so that a sampler can be stored and continued.
struct SplitMix64: Codable, Sendable, Equatable {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
    return bits ^ bits >> 31
  }

  /// A uniform number in [0, 1), a multiple of 2⁻⁵³.
  mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }

  /// A uniform index in `0..<count`.
  mutating func index(below count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }

  /// A standard normal number.
  mutating func normal() -> Double {
    let first = uniform()
    return HardnessWeighting.normal(first, uniform())
  }

  /// The numbers `0..<count` in random order (Fisher–Yates shuffle).
  mutating func permutation(_ count: Int) -> [UInt32] {
    var order = (0..<UInt32(count)).map { $0 }
    for position in stride(from: count - 1, to: 0, by: -1) { order.swapAt(position, index(below: position + 1)) }
    return order
  }
}
