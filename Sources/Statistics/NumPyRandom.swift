/// NumPy's `RandomState`: the Mersenne Twister MT19937 and its draws of integers, number for number.
///
/// nnU-Net uses it for folds, intensity samples and class locations, so equal data give equal files.
public struct NumPyRandom: Sendable {
  private var state: [UInt32]
  private var index = 624

  /// Starts the sequence of `numpy.random.RandomState(seed)`.
  public init(seed: UInt32) {
    var state = [UInt32](repeating: seed, count: 624)
    for i in 1..<624 { state[i] = 1_812_433_253 &* (state[i - 1] ^ state[i - 1] >> 30) &+ UInt32(i) }
    self.state = state
  }

  /// The next 32 random bits.
  public mutating func next() -> UInt32 {
    if index == 624 { regenerate() }
    var word = state[index]
    index += 1
    word ^= word >> 11
    word ^= word << 7 & 0x9D2C_5680
    word ^= word << 15 & 0xEFC6_0000
    return word ^ word >> 18
  }

  private mutating func regenerate() {
    state.withUnsafeMutableBufferPointer { state in
      for i in 0..<624 {
        let word = state[i] & 0x8000_0000 | state[(i + 1) % 624] & 0x7FFF_FFFF
        state[i] = state[(i + 397) % 624] ^ word >> 1 ^ (word & 1 == 0 ? 0 : 0x9908_B0DF)
      }
    }
    index = 0
  }

  /// A uniform integer in `0...largest`, by masked rejection.
  ///
  /// - Parameter largest: Below 2^32. For 0 no random bits are drawn.
  public mutating func integer(upTo largest: Int) -> Int {
    guard largest > 0 else { return 0 }
    let largest = UInt32(largest)
    let mask = UInt32.max >> UInt32(largest.leadingZeroBitCount)
    while true {
      let value = next() & mask
      if value <= largest { return Int(value) }
    }
  }

  /// A random permutation of `0..<count`.
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for i in stride(from: count - 1, to: 0, by: -1) { order.swapAt(i, integer(upTo: i)) }
    return order
  }

  /// A random choice without replacement from `0..<count`: as in NumPy, the first `chosen` numbers
  /// of a permutation.
  public mutating func choice(_ count: Int, _ chosen: Int) -> [Int] { Array(permutation(count).prefix(chosen)) }
}
