/// The weights exp(β · loss) of many cases and all their sums, such that drawing a case in proportion to its weight and changing
/// its loss each take O(log n).
///
/// Sixteen neighbors make a block, sixteen blocks a block of the next level, up to one. A block knows its pivot, the largest loss in it,
/// and its sum Σ exp(β · (loss − pivot)): nothing overflows, the largest term is 1, and differences of losses are taken before they are
/// multiplied by β, so a probability is exact to a few units in the last place however large β · loss is. A block's values are a
/// function of the losses below it alone. So updates cannot drift: after any number of them the tree is, bit for bit, the one
/// built anew from the losses.
///
/// Memory: 10.1 bytes a case.
struct LogSumExpTree: Sendable, Equatable {
  private static let fan = 16

  /// How sharply the weights rise with the loss: 0 (all alike) to infinity (the largest loss alone).
  private(set) var beta: Double
  /// The loss of each case; −∞ for a case that is not in the tree.
  private var losses: [Double]
  /// The blocks of all levels, the ones over cases first, the root last.
  private var blocks: [Block]
  /// Where each level begins in `blocks`.
  private let starts: [Int]

  private struct Block: Sendable, Equatable {
    var pivot = -Double.infinity
    var sum = 0.0
    /// Σ of the squares of the sum's terms.
    var squares = 0.0
    /// The sum on the scale of the parent's pivot: what a draw compares neighbors by.
    var share = 0.0
  }

  /// Σ exp(β · (loss − pivot)) over some cases.
  struct Total: Sendable, Equatable {
    let pivot: Double
    let sum: Double
    /// Σ of the squares of the sum's terms.
    var squares = 0.0
  }

  /// - Parameter losses: finite, or −∞ for cases that are not in the tree. At least one.
  init(_ losses: [Double], beta: Double) {
    self.losses = losses
    self.beta = beta
    var starts = [0]
    var count = losses.count
    var blocks = 0
    repeat {
      count = (count + Self.fan - 1) / Self.fan
      blocks += count
      starts.append(blocks)
    } while count > 1
    starts.removeLast()
    self.starts = starts
    self.blocks = Array(repeating: Block(), count: blocks)
    build()
  }

  var count: Int { losses.count }
  /// Over all cases in the tree.
  var total: Total {
    let root = blocks[blocks.count - 1]
    return Total(pivot: root.pivot, sum: root.sum, squares: root.squares)
  }
  var isEmpty: Bool { total.sum == 0 }

  func contains(_ index: Int) -> Bool { losses[index] > -.infinity }

  /// The loss of a case; −∞ when it is not in the tree.
  func loss(_ index: Int) -> Double { losses[index] }

  /// exp(β · (loss − pivot)), and its limits for β of 0 and ∞; 0 for a loss of −∞.
  func weight(_ loss: Double, pivot: Double) -> Double {
    if loss == -.infinity { return 0 }
    if beta == 0 || loss == pivot { return 1 }
    return exponential(beta * (loss - pivot))
  }

  /// The share of a case among the cases of a total.
  func share(_ index: Int, of total: Total) -> Double {
    total.sum == 0 ? 0 : weight(losses[index], pivot: total.pivot) / total.sum
  }

  /// The share that all cases now in the tree have of an earlier total.
  func share(of earlier: Total) -> Double {
    earlier.sum == 0 ? 0 : total.sum * weight(total.pivot, pivot: earlier.pivot) / earlier.sum
  }

  /// Changes β; O(n).
  mutating func setBeta(_ beta: Double) {
    guard beta != self.beta else { return }
    self.beta = beta
    build()
  }

  /// Gives a case another loss, or takes it out of the tree by −∞.
  mutating func set(_ loss: Double, at index: Int) {
    losses[index] = loss
    var child = index / Self.fan
    sumLosses(child)
    for level in starts.indices.dropFirst() {
      let block = child / Self.fan
      sumBlocks(level, block, changed: child)
      child = block
    }
  }

  /// A case drawn in proportion to its weight; the tree must hold one.
  func draw(_ generator: inout SplitMix64) -> Int {
    var block = 0
    for level in starts.indices.dropFirst().reversed() {
      let children = children(level, block)
      let start = starts[level - 1]
      block = pick(children, generator.uniform() * blocks[starts[level] + block].sum) { blocks[start + $0].share }
    }
    let leaf = blocks[block]
    let cases = block * Self.fan..<min((block + 1) * Self.fan, count)
    return pick(cases, generator.uniform() * leaf.sum) { weight(losses[$0], pivot: leaf.pivot) }
  }

  /// The case with the largest loss, the first of several; the tree must hold one.
  var hardest: Int {
    var block = 0
    for level in starts.indices.dropFirst().reversed() {
      let pivot = blocks[starts[level] + block].pivot
      block = children(level, block).first { blocks[starts[level - 1] + $0].pivot == pivot } ?? 0
    }
    let cases = block * Self.fan..<min((block + 1) * Self.fan, count)
    return cases.first { losses[$0] == blocks[block].pivot } ?? cases.lowerBound
  }

  /// The first of `range` at which the running sum of the weights exceeds `target`.
  private func pick(_ range: Range<Int>, _ target: Double, weight: (Int) -> Double) -> Int {
    var rest = target
    var last = range.lowerBound
    for index in range {
      let weight = weight(index)
      guard weight > 0 else { continue }
      if rest < weight { return index }
      rest -= weight
      last = index
    }
    // Rounding can leave the target at the sum itself.
    return last
  }

  /// The blocks of the level below that make up a block.
  private func children(_ level: Int, _ block: Int) -> Range<Int> {
    block * Self.fan..<min((block + 1) * Self.fan, starts[level] - starts[level - 1])
  }

  private mutating func build() {
    for block in 0..<(starts.count > 1 ? starts[1] : blocks.count) { sumLosses(block) }
    for level in starts.indices.dropFirst() {
      let end = level + 1 < starts.count ? starts[level + 1] : blocks.count
      for block in 0..<end - starts[level] { sumBlocks(level, block, changed: nil) }
    }
  }

  /// Sums the cases of a block of the lowest level.
  private mutating func sumLosses(_ block: Int) {
    let cases = block * Self.fan..<min((block + 1) * Self.fan, losses.count)
    var pivot = -Double.infinity
    for index in cases where losses[index] > pivot { pivot = losses[index] }
    var (sum, squares) = (0.0, 0.0)
    for index in cases {
      let weight = weight(losses[index], pivot: pivot)
      sum += weight
      squares += weight * weight
    }
    blocks[block].pivot = pivot
    blocks[block].sum = sum
    blocks[block].squares = squares
  }

  /// Sums the blocks that make up a block of a higher level, of which only `changed` has changed, or all when that is nil.
  private mutating func sumBlocks(_ level: Int, _ block: Int, changed: Int?) {
    let children = children(level, block)
    let start = starts[level - 1]
    var pivot = -Double.infinity
    for child in children where blocks[start + child].pivot > pivot { pivot = blocks[start + child].pivot }
    // The other shares are on the scale of the pivot: they stay as long as it does.
    let stale = pivot == blocks[starts[level] + block].pivot ? changed.map { $0..<$0 + 1 } ?? children : children
    for child in stale {
      let (childPivot, childSum) = (blocks[start + child].pivot, blocks[start + child].sum)
      blocks[start + child].share = childSum * weight(childPivot, pivot: pivot)
    }
    var (sum, squares) = (0.0, 0.0)
    for child in children where blocks[start + child].sum > 0 {
      let share = blocks[start + child].share
      let scale = share / blocks[start + child].sum
      sum += share
      squares += blocks[start + child].squares * scale * scale
    }
    blocks[starts[level] + block].pivot = pivot
    blocks[starts[level] + block].sum = sum
    blocks[starts[level] + block].squares = squares
  }
}
