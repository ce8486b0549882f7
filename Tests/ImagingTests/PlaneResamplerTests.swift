import Imaging
import NIfTI
import Testing

/// Protects resampling plane by plane: the result is that of the whole volume, bit for bit.
@Suite struct PlaneResamplerTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var from, to: [Int]
    var spacing = [1.0, 1, 1]
    var order = 1
    var orderZ = 0
    var isLocal = true
    var testDescription: String { "\(from) to \(to), spacing \(spacing), orders \(order) and \(orderZ)" }
  }

  static let cases = [
    Case(from: [5, 6, 7], to: [5, 6, 7], order: 3), Case(from: [5, 6, 7], to: [9, 8, 11]),
    Case(from: [9, 8, 11], to: [4, 5, 3]), Case(from: [9, 8, 11], to: [3, 16, 11]),
    Case(from: [6, 5, 7], to: [6, 9, 7]),
    Case(from: [1, 5, 7], to: [4, 9, 7]), Case(from: [7, 5, 7], to: [1, 9, 7]),
    Case(from: [5, 6, 7], to: [9, 4, 11], order: 0),
    Case(from: [5, 6, 7], to: [9, 8, 11], order: 3, isLocal: false),
    // A separate axis: along z, and along y and x.
    Case(from: [4, 6, 7], to: [9, 9, 5], spacing: [5, 1, 1]),
    Case(from: [9, 6, 7], to: [4, 9, 5], spacing: [5, 1, 1]),
    Case(from: [4, 6, 7], to: [9, 9, 5], spacing: [5, 1, 1], order: 3),
    Case(from: [4, 6, 7], to: [9, 9, 5], spacing: [5, 1, 1], orderZ: 1),
    Case(from: [4, 6, 7], to: [4, 9, 5], spacing: [5, 1, 1], order: 0),
    Case(from: [4, 6, 7], to: [9, 9, 5], spacing: [5, 1, 1], orderZ: 3, isLocal: false),
    Case(from: [4, 6, 7], to: [9, 9, 5], spacing: [1, 5, 1]),
    Case(from: [4, 6, 7], to: [9, 9, 5], spacing: [1, 5, 1], orderZ: 1),
    Case(from: [4, 6, 7], to: [9, 9, 5], spacing: [1, 1, 5], orderZ: 3),
    Case(from: [4, 6, 7], to: [3, 6, 9], spacing: [1, 1, 5], order: 0),
    Case(from: [4, 6, 7], to: [9, 9, 5], spacing: [1, 1, 5], order: 3, isLocal: false),
  ]

  @Test(arguments: cases)
  func equalsTheWholeVolume(_ test: Case) {
    let channels = 2
    let voxels = test.from.reduce(1, *)
    var state: UInt32 = 7
    let volumes = (0..<channels).map { _ in
      Volume(
        shape: test.from,
        voxels: (0..<voxels).map { _ -> Float in
          state = state &* 1_664_525 &+ 1_013_904_223
          return Float(state >> 8) / 1e6 - 5
        })
    }
    let expected = volumes.map {
      Resampling.resample(
        $0, to: test.to, spacing: test.spacing, newSpacing: [1, 1, 1], order: test.order, orderZ: test.orderZ
      ).voxels
    }
    var resampler = PlaneResampler(
      channels: channels, from: test.from, to: test.to, spacing: test.spacing, newSpacing: [1, 1, 1],
      order: test.order, orderZ: test.orderZ)
    #expect(resampler.isLocal == test.isLocal)

    let (count, newCount) = (test.from[1] * test.from[2], test.to[1] * test.to[2])
    var found = Array(repeating: [Float](), count: channels)
    var next = 0
    for z in 0..<test.from[0] {
      resampler.add(volumes.flatMap { $0.voxels[z * count..<(z + 1) * count].map { Double($0) } }) { index, plane in
        #expect(index == next)
        next += 1
        for channel in 0..<channels { found[channel] += plane[channel * newCount..<(channel + 1) * newCount] }
      }
    }
    #expect(next == test.to[0])
    #expect(found == expected)
  }
}
