import Foundation
import HardnessWeighting

/// The distribution of a hardness-weighted sampler, computed directly from its definition.
///
/// A softmax of all losses; then the excess over the cap goes to the other cases until no case exceeds it; then the
/// floor.
enum FullSoftmax {
  static func probabilities(_ losses: [Double], beta: Double, options: HardnessOptions) -> [Double] {
    let n = Double(losses.count)
    var probabilities = capped(softmax(losses, beta: beta), losses, beta: beta, at: cap(options, n))
    switch options.floor {
    case .none: break
    case .uniformShare(let share): probabilities = probabilities.map { (1 - share) * $0 + share / n }
    case .minimum(let minimum):
      let raised = probabilities.map { max($0, minimum / n) }
      probabilities = raised.map { $0 / raised.reduce(0, +) }
    }
    return probabilities
  }

  static func softmax(_ losses: [Double], beta: Double) -> [Double] {
    if beta == 0 { return losses.map { _ in 1 / Double(losses.count) } }
    let largest = losses.max() ?? 0
    let weights = losses.map { $0 == largest ? 1 : exp(beta * ($0 - largest)) }
    let sum = weights.sorted().reduce(0, +)
    return weights.map { $0 / sum }
  }

  private static func cap(_ options: HardnessOptions, _ n: Double) -> Double? {
    guard let cap = options.cap, case .uniformShare(let share) = options.floor else { return options.cap }
    return (cap - share / n) / (1 - share)
  }

  private static func capped(_ softmax: [Double], _ losses: [Double], beta: Double, at cap: Double?) -> [Double] {
    guard let cap else { return softmax }
    var atCap: Set<Int> = []
    while true {
      let free = losses.indices.filter { !atCap.contains($0) }
      let rest = 1 - Double(atCap.count) * cap
      let shares = Self.softmax(free.map { losses[$0] }, beta: beta).map { $0 * rest }
      let above = zip(free, shares).filter { $0.1 > cap * (1 + 1e-13) }
      if above.isEmpty {
        var result = losses.map { _ in cap }
        for (index, share) in zip(free, shares) { result[index] = share }
        return result
      }
      // Only the hardest at a time: giving its excess away can lift others above the cap, but takes none below it.
      atCap.insert(above.max { losses[$0.0] < losses[$1.0] }?.0 ?? 0)
    }
  }

  /// Kish's effective sample size.
  static func effectiveSampleSize(_ probabilities: [Double]) -> Double {
    1 / probabilities.reduce(0) { $0 + $1 * $1 }
  }
}

/// Pearson's χ² statistic of observed counts against expected probabilities, and the limit it must not reach.
enum ChiSquare {
  static func statistic(_ counts: [Double], _ probabilities: [Double]) -> Double {
    let total = counts.reduce(0, +)
    return zip(counts, probabilities).reduce(0) { sum, pair in
      let expected = total * pair.1
      return expected == 0
        ? (pair.0 == 0 ? sum : .infinity) : sum + (pair.0 - expected) * (pair.0 - expected) / expected
    }
  }

  /// The 1 − 1e-4 quantile by the Wilson–Hilferty approximation, within 1 % from three degrees of freedom on.
  static func limit(degrees: Int) -> Double {
    let k = Double(degrees)
    let z = 3.719016
    return k * pow(1 - 2 / (9 * k) + z * (2 / (9 * k)).squareRoot(), 3)
  }
}

/// Reproducible random numbers for tests: the upper bits of Knuth's linear congruential generator.
struct TestRandom: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: Int) { state = UInt64(bitPattern: Int64(seed)) &* 0x9E37_79B9_7F4A_7C15 | 1 }
  mutating func next() -> UInt64 {
    var bits: UInt64 = 0
    for _ in 0..<2 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      bits = bits << 32 | state >> 32
    }
    return bits
  }
}
