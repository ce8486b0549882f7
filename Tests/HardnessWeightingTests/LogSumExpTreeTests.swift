import Foundation
import Testing

@testable import HardnessWeighting

/// Guards that the tree's shares are those of a softmax over all losses, at any scale, and that updates do not drift.
struct LogSumExpTreeTests {
  /// Losses on several scales, some equal.
  private func losses(_ count: Int, _ random: inout TestRandom) -> [Double] {
    let scale = pow(10, Double.random(in: -3...6, using: &random))
    return (0..<count).map { _ in
      Int.random(in: 0..<5, using: &random) == 0 ? scale : scale * Double.random(in: -1...1, using: &random)
    }
  }

  /// 2000 trees of 1 to 700 cases, with β · loss up to 10¹² and β = 0 and ∞, after some updates: exact to 1e-12.
  @Test func sharesAreTheSoftmax() {
    var random = TestRandom(1)
    for trial in 0..<2000 {
      let count = Int.random(in: 1...(trial % 10 == 0 ? 700 : 40), using: &random)
      var known = losses(count, &random)
      let beta = [0, 1, 30, 100, 1e6, .infinity, Double.random(in: 0...50, using: &random)][trial % 7]
      var tree = LogSumExpTree(known, beta: beta)
      for _ in 0..<Int.random(in: 0...6, using: &random) {
        let index = Int.random(in: 0..<count, using: &random)
        known[index] = losses(1, &random)[0]
        tree.set(known[index], at: index)
      }
      let expected = FullSoftmax.softmax(known, beta: beta)
      for index in known.indices { #expect(abs(tree.share(index, of: tree.total) - expected[index]) <= 1e-12) }
      #expect(known[tree.hardest] == known.max())
    }
  }

  /// Losses as far apart as double precision allows.
  @Test func extremeLosses() {
    let losses = [1e308, -1e308, 0, 5, 5, 1e-300]
    for (beta, expected) in [
      (1e300, [1.0, 0, 0, 0, 0, 0]), (0, Array(repeating: 1.0 / 6, count: 6)), (.infinity, [1, 0, 0, 0, 0, 0]),
    ] {
      let tree = LogSumExpTree(losses, beta: beta)
      for index in losses.indices { #expect(abs(tree.share(index, of: tree.total) - expected[index]) < 1e-15) }
    }
    // Losses that differ by a millionth, with β · loss of a million.
    let close = LogSumExpTree([1, 1 + 1e-6, 1 - 1e-6], beta: 1e6)
    let expected = FullSoftmax.softmax([1, 1 + 1e-6, 1 - 1e-6], beta: 1e6)
    for index in 0..<3 { #expect(abs(close.share(index, of: close.total) - expected[index]) < 1e-12) }
  }

  /// After ten million updates the tree equals, bit for bit, one built from its current losses.
  @Test func noDrift() {
    var random = TestRandom(2)
    var losses = (0..<300).map { _ in Double.random(in: 0...2, using: &random) }
    var tree = LogSumExpTree(losses, beta: 100)
    for update in 0..<10_000_000 {
      let index = (update &* 7919) % 300
      losses[index] = Double((update &* 104_729) & 0xFFFF) / 32768
      tree.set(losses[index], at: index)
    }
    #expect(tree == LogSumExpTree(losses, beta: 100))
    let expected = FullSoftmax.softmax(losses, beta: 100)
    for index in losses.indices { #expect(abs(tree.share(index, of: tree.total) - expected[index]) <= 1e-12) }
  }

  /// Removed cases leave the shares of the others as if they had never been there, and can be put back.
  @Test func removingCases() {
    var random = TestRandom(3)
    let losses = losses(100, &random)
    let whole = LogSumExpTree(losses, beta: 2)
    var tree = whole
    for index in stride(from: 0, to: 100, by: 3) { tree.set(-.infinity, at: index) }
    let left = losses.indices.filter { $0 % 3 != 0 }
    let expected = FullSoftmax.softmax(left.map { losses[$0] }, beta: 2)
    for (index, share) in zip(left, expected) { #expect(abs(tree.share(index, of: tree.total) - share) < 1e-12) }
    for index in left { tree.set(-.infinity, at: index) }
    #expect(tree.isEmpty)
    for index in losses.indices { tree.set(losses[index], at: index) }
    #expect(tree == whole)
  }
}
