/// The weights exp(β · loss) of many cases and all their sums, as a tree.
///
/// Drawing a case in proportion to its weight and changing its loss each take O(log n).
///
/// Sixteen neighboring cases form a block, sixteen blocks form a block of the next level, up to a single root.
/// Each block stores, over the cases i below it,
///
///     pivot   = max loss_i
///     sum     = Σ exp(β · (loss_i − pivot))
///     squares = Σ exp(β · (loss_i − pivot))²
///
/// The largest term is 1, so nothing overflows. Losses are subtracted before they are multiplied by β, so a
/// probability is exact to a few units in the last place, however large β · loss is. The values of a block depend
/// on the losses below it alone, so updates cannot drift: after any number of them, the tree equals, bit for bit,
/// one built from the current losses.
///
/// Memory: 10.1 bytes per case.
struct LogSumExpTree: Sendable, Equatable {
  /// The number of children of a block.
  private static let fanOut = 16

  /// The exponent β, from 0 (all weights equal) to ∞ (all weight on the largest loss).
  private(set) var beta: Double
  /// The loss of each case; −∞ for a case that is not in the tree.
  private var losses: [Double]
  /// The blocks of all levels, from the lowest level to the root.
  private var blocks: [Block]
  /// The index in `blocks` at which each level starts.
  private let levelStarts: [Int]

  private struct Block: Sendable, Equatable {
    var pivot = -Double.infinity
    var sum = 0.0
    var squares = 0.0
    /// sum · exp(β · (pivot − the parent's pivot)), by which a draw compares siblings.
    var scaledSum = 0.0
  }

  /// The sums Σ exp(β · (loss − pivot)) and Σ exp(β · (loss − pivot))² over some cases.
  struct Total: Sendable, Equatable {
    let pivot: Double
    let sum: Double
    var squares = 0.0
  }

  /// - Parameter losses: The loss of each case, finite, or −∞ for a case that is not in the tree. Not empty.
  init(_ losses: [Double], beta: Double) {
    self.losses = losses
    self.beta = beta
    var levelStarts = [0]
    var count = losses.count
    var blocks = 0
    repeat {
      count = (count + Self.fanOut - 1) / Self.fanOut
      blocks += count
      levelStarts.append(blocks)
    } while count > 1
    levelStarts.removeLast()
    self.levelStarts = levelStarts
    self.blocks = Array(repeating: Block(), count: blocks)
    build()
  }

  /// The number of cases, including those that are not in the tree.
  var count: Int { losses.count }

  /// The sums over all cases in the tree.
  var total: Total {
    let root = blocks[blocks.count - 1]
    return Total(pivot: root.pivot, sum: root.sum, squares: root.squares)
  }

  /// Whether the tree contains no case.
  var isEmpty: Bool { total.sum == 0 }

  func contains(_ index: Int) -> Bool { losses[index] > -.infinity }

  /// The loss of a case; −∞ when it is not in the tree.
  func loss(_ index: Int) -> Double { losses[index] }

  /// exp(β · (loss − pivot)) with its limits at β = 0 and β = ∞; 0 for a loss of −∞.
  func weight(_ loss: Double, pivot: Double) -> Double {
    if loss == -.infinity { return 0 }
    if beta == 0 || loss == pivot { return 1 }
    return exponential(beta * (loss - pivot))
  }

  /// The share of a case in a total: exp(β · (loss − pivot)) / sum.
  func share(_ index: Int, of total: Total) -> Double {
    total.sum == 0 ? 0 : weight(losses[index], pivot: total.pivot) / total.sum
  }

  /// The share of all cases that are in the tree now in an earlier total.
  func share(of earlier: Total) -> Double {
    earlier.sum == 0 ? 0 : total.sum * weight(total.pivot, pivot: earlier.pivot) / earlier.sum
  }

  /// Changes β in O(n).
  mutating func setBeta(_ beta: Double) {
    guard beta != self.beta else { return }
    self.beta = beta
    build()
  }

  /// Changes the loss of a case; −∞ removes it from the tree.
  mutating func set(_ loss: Double, at index: Int) {
    losses[index] = loss
    var child = index / Self.fanOut
    sumLosses(child)
    for level in levelStarts.indices.dropFirst() {
      let block = child / Self.fanOut
      sumBlocks(level, block, changed: child)
      child = block
    }
  }

  /// Draws a case in proportion to its weight. The tree must not be empty.
  func draw(_ generator: inout SplitMix64) -> Int {
    var block = 0
    for level in levelStarts.indices.dropFirst().reversed() {
      let children = children(level, block)
      let start = levelStarts[level - 1]
      let target = generator.uniform() * blocks[levelStarts[level] + block].sum
      block = select(children, target) { blocks[start + $0].scaledSum }
    }
    let leaf = blocks[block]
    let cases = block * Self.fanOut..<min((block + 1) * Self.fanOut, count)
    return select(cases, generator.uniform() * leaf.sum) { weight(losses[$0], pivot: leaf.pivot) }
  }

  /// The case with the largest loss, the first of equals. The tree must not be empty.
  var hardest: Int {
    var block = 0
    for level in levelStarts.indices.dropFirst().reversed() {
      let pivot = blocks[levelStarts[level] + block].pivot
      block = children(level, block).first { blocks[levelStarts[level - 1] + $0].pivot == pivot } ?? 0
    }
    let cases = block * Self.fanOut..<min((block + 1) * Self.fanOut, count)
    return cases.first { losses[$0] == blocks[block].pivot } ?? cases.lowerBound
  }

  /// The first index at which the running sum of the weights exceeds `target`.
  private func select(_ range: Range<Int>, _ target: Double, weight: (Int) -> Double) -> Int {
    var rest = target
    var last = range.lowerBound
    for index in range {
      let weight = weight(index)
      guard weight > 0 else { continue }
      if rest < weight { return index }
      rest -= weight
      last = index
    }
    // Because of rounding, the target can equal the sum.
    return last
  }

  /// The blocks of the level below that form a block.
  private func children(_ level: Int, _ block: Int) -> Range<Int> {
    block * Self.fanOut..<min((block + 1) * Self.fanOut, levelStarts[level] - levelStarts[level - 1])
  }

  /// Computes all blocks from the losses.
  private mutating func build() {
    for block in 0..<(levelStarts.count > 1 ? levelStarts[1] : blocks.count) { sumLosses(block) }
    for level in levelStarts.indices.dropFirst() {
      let end = level + 1 < levelStarts.count ? levelStarts[level + 1] : blocks.count
      for block in 0..<end - levelStarts[level] { sumBlocks(level, block, changed: nil) }
    }
  }

  /// Computes a block of the lowest level from its cases.
  private mutating func sumLosses(_ block: Int) {
    let cases = block * Self.fanOut..<min((block + 1) * Self.fanOut, losses.count)
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

  /// Computes a block of a higher level from its children.
  ///
  /// - Parameter changed: The only child that has changed; `nil` when all may have.
  private mutating func sumBlocks(_ level: Int, _ block: Int, changed: Int?) {
    let children = children(level, block)
    let start = levelStarts[level - 1]
    var pivot = -Double.infinity
    for child in children where blocks[start + child].pivot > pivot { pivot = blocks[start + child].pivot }
    // The scaled sums of the other children stay valid as long as the pivot is the same.
    let stale = pivot == blocks[levelStarts[level] + block].pivot ? changed.map { $0..<$0 + 1 } ?? children : children
    for child in stale {
      let (childPivot, childSum) = (blocks[start + child].pivot, blocks[start + child].sum)
      blocks[start + child].scaledSum = childSum * weight(childPivot, pivot: pivot)
    }
    var (sum, squares) = (0.0, 0.0)
    for child in children where blocks[start + child].sum > 0 {
      let scaledSum = blocks[start + child].scaledSum
      let scale = scaledSum / blocks[start + child].sum
      sum += scaledSum
      squares += blocks[start + child].squares * scale * scale
    }
    blocks[levelStarts[level] + block].pivot = pivot
    blocks[levelStarts[level] + block].sum = sum
    blocks[levelStarts[level] + block].squares = squares
  }
}
