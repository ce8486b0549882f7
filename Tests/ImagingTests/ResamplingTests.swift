import Imaging
import NIfTI
import Testing

/// nnU-Net's small print: rounding of shapes, B-spline resizing of short signals, ties between labels, and the separate-z rule.
@Suite struct ResamplingTests {
  /// Along x, the other axes of extent 1.
  private func line(_ values: [Float], to count: Int, order: Int) -> [Float] {
    Resampling.resample(
      Volume(shape: [1, 1, values.count], voxels: values), to: [1, 1, count], spacing: [1, 1, 1],
      newSpacing: [1, 1, 1],
      order: order
    ).voxels
  }

  private func labels(_ values: [Int32], to count: Int) -> [Int32] {
    Resampling.resampleLabels(
      Volume(shape: [1, 1, values.count], voxels: values), to: [1, 1, count], spacing: [1, 1, 1], newSpacing: [1, 1, 1]
    ).voxels
  }

  @Test func shapesRoundHalfToEven() {
    #expect(Resampling.newShape([5, 5, 7], spacing: [1.5, 1, 1], newSpacing: [1, 2, 2]) == [8, 2, 4])
  }

  /// scikit-image's values for [0, 1, 4, 2, 3].
  @Test(
    arguments: [
      (3, 8, [0, 0.0951526823, 1.1930781122, 3.4568630706, 3.6533152543, 2.0838575628, 2.3230320261, 3.1443235814]),
      (3, 3, [0.046006493, 4, 2.4967238049]), (1, 8, [0, 0.4375, 1.1875, 3.0625, 3.375, 2.125, 2.5625, 3]),
      (1, 3, [0.3333333333, 4, 2.6666666667]), (0, 8, [0, 0, 1, 4, 4, 2, 3, 3]), (0, 3, [0, 4, 3]),
    ] as [(Int, Int, [Double])])
  func shortSignals(order: Int, count: Int, expected: [Double]) {
    let found = line([0, 1, 4, 2, 3], to: count, order: order)
    #expect(zip(found, expected).allSatisfy { abs(Double($0) - $1) < 1e-6 }, "\(found)")
  }

  @Test func labelTies() {
    #expect(labels([0, 1, 3, 3], to: 2) == [1, 3])
    #expect(labels([0, 1, 3, 3], to: 8) == [0, 0, 1, 1, 3, 3, 3, 3])
    #expect(labels([-1, 0, 2, 2, 0], to: 3) == [-1, 2, 0])
  }

  /// Many labels in three dimensions, one axis unchanged: the votes counted by the definition, in the order of axes z, y, x.
  @Test(arguments: [[7, 4, 9], [3, 8, 5], [10, 12, 14]])
  func labelVotes(to: [Int]) {
    let from = [5, 6, 7]
    var state: UInt32 = 7
    let volume = Volume(
      shape: from,
      voxels: (0..<210).map { _ -> Int32 in
        state = state &* 1_664_525 &+ 1_013_904_223
        return Int32(state >> 24) % 20 - 1
      })
    let found = Resampling.resampleLabels(volume, to: to, spacing: [1, 1, 1], newSpacing: [1, 1, 1])
    func place(_ axis: Int, _ o: Int) -> Double {
      min(max((Double(o) + 0.5) * (Double(from[axis]) / Double(to[axis])) - 0.5, 0), Double(from[axis] - 1))
    }
    func taps(_ c: Double, _ n: Int) -> [(Int, Double)] {
      let f = c.rounded(.down)
      return [(Int(f), 1 - (c - f)), (min(Int(f) + 1, n - 1), c - f)]
    }
    for z in 0..<to[0] {
      for y in 0..<to[1] {
        for x in 0..<to[2] {
          let c = [place(0, z), place(1, y), place(2, x)]
          var votes: [Int32: Double] = [:]
          for (i, a) in taps(c[0], 5) {
            for (j, b) in taps(c[1], 6) {
              for (k, d) in taps(c[2], 7) { votes[volume[i, j, k], default: 0] += a * b * d }
            }
          }
          let most = votes.values.max() ?? 0
          let tied = votes.filter { $0.value == most }.keys.sorted()
          let nearest = volume[Int(c[0] + 0.5), Int(c[1] + 0.5), Int(c[2] + 0.5)]
          #expect(found[z, y, x] == (tied.contains(nearest) ? nearest : tied[0]))
        }
      }
    }
  }

  /// Slices keep their values along the separate axis: the nearest is taken, never a mixture.
  @Test(
    arguments: [
      (3, 6, [5.0, 1, 1], [2.5, 1, 1], [1, 1, 5, 5, 2, 2]), (3, 5, [5, 1, 1], [3, 1, 1], [1, 1, 5, 2, 2]),
    ] as [(Int, Int, [Double], [Double], [Float])])
  func separateZ(from: Int, to: Int, spacing: [Double], newSpacing: [Double], expected: [Float]) {
    let slices: [Float] = [1, 5, 2]
    let volume = Volume(shape: [from, 4, 4], voxels: slices.flatMap { Array(repeating: $0, count: 16) })
    let found = Resampling.resample(volume, to: [to, 8, 6], spacing: spacing, newSpacing: newSpacing, order: 3)
    for z in 0..<to { #expect(abs(found[z, 3, 2] - expected[z]) < 1e-5) }
  }

  /// A step along the coarse axis is blurred when the axis is not separate: more than three times coarser, by the old spacing or
  /// else the new one, and a single axis.
  @Test(
    arguments: [
      ([3.0, 1, 1], [3.0, 1, 1], false), ([3.01, 1, 1], [1, 1, 1], true), ([1, 1, 1], [4, 1, 1], true),
      ([0.24, 1.25, 1.25], [5, 1, 1], false),
    ] as [([Double], [Double], Bool)])
  func separateZRule(spacing: [Double], newSpacing: [Double], separate: Bool) {
    let volume = Volume(shape: [2, 2, 2], voxels: [0, 0, 0, 0, 1, 1, 1, 1] as [Float])
    let found = Resampling.resample(volume, to: [5, 2, 2], spacing: spacing, newSpacing: newSpacing, order: 1)
    #expect((found[2, 0, 0] == 0.5) == !separate)
  }
}
