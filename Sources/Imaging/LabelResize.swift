import Foundation
import Threads

/// A linear resize of labels.
///
/// The indicator function of each label is resized, and each voxel takes the label with the largest
/// value. In a tie the nearest voxel's label wins, if it is among the winners, and otherwise the
/// smallest label.
///
/// Only the labels of the eight surrounding voxels can win, so the work does not grow with the
/// number of labels. Weights are multiplied and added in the order of nnU-Net's libraries, so that
/// ties are decided in the same way.
struct LabelResize {
  /// The positions of the output voxels along one axis.
  private struct Axis {
    /// The input voxels around each output voxel, and the nearest one.
    var lower: [Int] = []
    var upper: [Int] = []
    var nearest: [Int] = []
    /// The weight of the upper voxel.
    var weight: [Double] = []

    init(from n: Int, to m: Int) {
      for o in 0..<m {
        let c = min(max((Double(o) + 0.5) * (Double(n) / Double(m)) - 0.5, 0), Double(n - 1))
        lower.append(Int(c))
        upper.append(min(Int(c) + 1, n - 1))
        nearest.append(Int(c + 0.5))
        weight.append(c - c.rounded(.down))
      }
    }
  }

  private let from, to: [Int]
  private let axes: [Axis]

  init(from: [Int], to: [Int]) {
    self.from = from
    self.to = to
    axes = (0..<3).map { Axis(from: from[$0], to: to[$0]) }
  }

  /// The resized labels.
  func apply(_ labels: [Int32]) -> [Int32] {
    [Int32](unsafeUninitializedCapacity: to.reduce(1, *)) { target, initialized in
      labels.withUnsafeBufferPointer { source in
        nonisolated(unsafe) let (source, target) = (source, target)
        Parallel.forEach(to[0]) { z in
          for y in 0..<to[1] { row(z, y, source, target) }
        }
      }
      initialized = to.reduce(1, *)
    }
  }

  /// Computes one output row along x.
  private func row(
    _ z: Int, _ y: Int, _ source: UnsafeBufferPointer<Int32>, _ target: UnsafeMutableBufferPointer<Int32>
  ) {
    func line(_ z: Int, _ y: Int) -> Int { (z * from[1] + y) * from[2] }
    let (near, far) = ((axes[0].lower[z], axes[1].lower[y]), (axes[0].upper[z], axes[1].upper[y]))
    let lines = (line(near.0, near.1), line(near.0, far.1), line(far.0, near.1), line(far.0, far.1))
    let nearest = line(axes[0].nearest[z], axes[1].nearest[y])
    let (wz, wy) = (axes[0].weight[z], axes[1].weight[y])
    let weights = ((1 - wz) * (1 - wy), (1 - wz) * wy, wz * (1 - wy), wz * wy)
    let start = (z * to[1] + y) * to[2]
    let x = axes[2]
    for o in 0..<to[2] {
      let (l, u) = (x.lower[o], x.upper[o])
      let corners = SIMD8<Int32>(
        source[lines.0 + l], source[lines.0 + u], source[lines.1 + l], source[lines.1 + u],
        source[lines.2 + l], source[lines.2 + u], source[lines.3 + l], source[lines.3 + u])
      if corners == SIMD8(repeating: corners[0]) {
        target[start + o] = corners[0]
      } else {
        let (a, b) = (1 - x.weight[o], x.weight[o])
        let votes = SIMD8<Double>(
          weights.0 * a, weights.0 * b, weights.1 * a, weights.1 * b,
          weights.2 * a, weights.2 * b, weights.3 * a, weights.3 * b)
        target[start + o] = Self.winner(corners, votes, nearest: source[nearest + x.nearest[o]])
      }
    }
  }

  /// The label with the largest sum of votes.
  private static func winner(_ labels: SIMD8<Int32>, _ votes: SIMD8<Double>, nearest: Int32) -> Int32 {
    var (winner, largestSum) = (labels[0], -1.0)
    for i in 0..<8 {
      let label = labels[i]
      var sum = 0.0
      for j in 0..<8 where labels[j] == label { sum += votes[j] }
      let winsTie = label == nearest || (winner != nearest && label < winner)
      if sum > largestSum || (sum == largestSum && winsTie) { (winner, largestSum) = (label, sum) }
    }
    return winner
  }
}
