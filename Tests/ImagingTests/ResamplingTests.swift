import Imaging
import NIfTI
import Testing

/// Protects the details of nnU-Net's resampling: rounding of shapes, B-splines of short signals, ties between labels,
/// and the rule for a separate z axis.
@Suite struct ResamplingTests {
  /// Resamples a signal along x; the other axes have extent 1.
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

  /// Many labels in three dimensions: the label with the most votes wins, where votes are counted by their definition.
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
    func coordinate(_ axis: Int, _ o: Int) -> Double {
      min(max((Double(o) + 0.5) * (Double(from[axis]) / Double(to[axis])) - 0.5, 0), Double(from[axis] - 1))
    }
    func taps(_ c: Double, _ n: Int) -> [(Int, Double)] {
      let f = c.rounded(.down)
      return [(Int(f), 1 - (c - f)), (min(Int(f) + 1, n - 1), c - f)]
    }
    for z in 0..<to[0] {
      for y in 0..<to[1] {
        for x in 0..<to[2] {
          let c = [coordinate(0, z), coordinate(1, y), coordinate(2, x)]
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

  /// An axis is separate if it alone is more than three times coarser, by the old spacing or else by the new one. A
  /// step along the axis is blurred if it is not separate.
  @Test(
    arguments: [
      ([3.0, 1, 1], [3.0, 1, 1], false), ([3.01, 1, 1], [1, 1, 1], true), ([1, 1, 1], [4, 1, 1], true),
      // No coarsest axis: two share the spacing, though the new spacing has one.
      ([0.24, 1.25, 1.25], [5, 1, 1], false),
    ] as [([Double], [Double], Bool)])
  func separateZRule(spacing: [Double], newSpacing: [Double], separate: Bool) {
    let volume = Volume(shape: [2, 2, 2], voxels: [0, 0, 0, 0, 1, 1, 1, 1] as [Float])
    let found = Resampling.resample(volume, to: [5, 2, 2], spacing: spacing, newSpacing: newSpacing, order: 1)
    #expect((found[2, 0, 0] == 0.5) == !separate)
  }

  /// Whichever axis is the coarse one, slices are resized by themselves, and the nearest slice is taken.
  @Test(arguments: 0..<3)
  func anyAxisIsSeparate(axis: Int) {
    func along<T>(_ value: T, others: T) -> [T] { (0..<3).map { $0 == axis ? value : others } }
    let slices: [Float] = [1, 5, 2]
    var volume = Volume<Float>(shape: along(3, others: 4), repeating: 0)
    var labels = Volume<Int32>(shape: volume.shape, repeating: 0)
    for i in volume.voxels.indices {
      let index = [i / (volume.shape[1] * volume.shape[2]), i / volume.shape[2] % volume.shape[1], i % volume.shape[2]]
      volume.voxels[i] = slices[index[axis]]
      labels.voxels[i] = Int32(slices[index[axis]])
    }
    let (spacing, newSpacing) = (along(1.0, others: 1.0), along(4.0, others: 0.5))
    let shape = along(5, others: 8)
    let found = Resampling.resample(volume, to: shape, spacing: spacing, newSpacing: newSpacing, order: 3)
    let foundLabels = Resampling.resampleLabels(labels, to: shape, spacing: spacing, newSpacing: newSpacing)
    for (o, value) in ([1, 1, 5, 2, 2] as [Float]).enumerated() {
      let index = along(o, others: 3)
      #expect(abs(found[index[0], index[1], index[2]] - value) < 1e-5)
      #expect(foundLabels[index[0], index[1], index[2]] == Int32(value))
    }
  }

  /// Overshoots are clipped to the range of their slice, not to that of the volume.
  @Test func slicesAreClippedAlone() {
    let step: [Float] = [0, 0, 0, 0, 1, 1, 1, 1]
    let volume = Volume(shape: [2, 1, 8], voxels: step + step.map { 10 * $0 - 5 })
    let found = Resampling.resample(volume, to: [2, 1, 19], spacing: [4, 1, 1], newSpacing: [4, 1, 0.42], order: 3)
    #expect(found.voxels[..<19].min() == 0 && found.voxels[..<19].max() == 1)
    let joint = Resampling.resample(volume, to: [2, 1, 19], spacing: [1, 1, 1], newSpacing: [1, 1, 0.42], order: 3)
    #expect(joint.voxels[..<19].min()! < 0 && joint.voxels[..<19].max()! > 1)
  }

  /// With order 1 along the separate axis a label needs more than half of the weight; otherwise the voxel is
  /// background.
  @Test func labelsAlongASeparateAxis() {
    func along(_ labels: [Int32], to count: Int, order: Int) -> [Int32] {
      Resampling.resampleLabels(
        Volume(shape: [labels.count, 1, 1], voxels: labels), to: [count, 1, 1], spacing: [4, 1, 1],
        newSpacing: [2, 1, 1], orderZ: order
      ).voxels
    }
    #expect(along([2, 1, 3], to: 6, order: 1) == [2, 2, 1, 1, 3, 3])
    #expect(along([2, 3], to: 3, order: 1) == [2, 0, 3])
    #expect(along([2, 3], to: 3, order: 0) == [2, 3, 3])
  }

  /// Splines of order 1 and 3 reproduce straight lines away from the border, along each axis.
  @Test(arguments: [1, 3], 0..<3)
  func straightLinesStayStraight(order: Int, axis: Int) {
    let shape = (0..<3).map { $0 == axis ? 60 : 2 }
    let stride = axis == 0 ? 4 : axis == 1 ? 2 : 1
    let volume = Volume(shape: shape, voxels: (0..<240).map { Float($0 / stride % 60) })
    for extent in [47, 83] {
      let target = (0..<3).map { $0 == axis ? extent : 3 }
      let found = Resampling.resample(volume, to: target, spacing: [1, 1, 1], newSpacing: [1, 1, 1], order: order)
      for o in extent / 3..<2 * extent / 3 {
        let index = (0..<3).map { $0 == axis ? o : 1 }
        let expected = (Double(o) + 0.5) * 60 / Double(extent) - 0.5
        #expect(abs(Double(found[index[0], index[1], index[2]]) - expected) < 1e-5)
      }
    }
  }

  @Test func anUnchangedShapeIsLeftAlone() {
    let volume = Volume<Float>(shape: [1, 2, 2], voxels: [1, 7, -3, 0.1])
    #expect(
      Resampling.resample(volume, to: [1, 2, 2], spacing: [1, 1, 1], newSpacing: [2, 1, 1], order: 3) == volume)
  }
}
