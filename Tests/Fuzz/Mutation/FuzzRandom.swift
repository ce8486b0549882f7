/// A small generator of random numbers (SplitMix64), so that an input is determined by its reader, seed and number.
struct FuzzRandom {
  private var state: UInt64

  /// The generator of an input.
  init(reader: String, seed: UInt64, input: Int) {
    // FNV-1a of the name; Swift's own hashes differ from process to process.
    state = reader.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    state = next() ^ seed
    state = next() ^ UInt64(truncatingIfNeeded: input)
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }

  /// A number from 0 to `count` - 1; 0 when `count` is 0.
  mutating func below(_ count: Int) -> Int { Int(next() % UInt64(max(1, count))) }

  /// Whether something happens that has the probability `share`.
  mutating func chance(_ share: Double) -> Bool { Double(next() >> 11) * 0x1p-53 < share }

  /// One of some values.
  mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }

  /// A length, mostly short, at most `limit`.
  mutating func length(_ limit: Int) -> Int { below(min(limit, 1 << below(12)) + 1) }
}
