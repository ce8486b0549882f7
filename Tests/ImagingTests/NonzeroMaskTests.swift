import Imaging
import NIfTI
import Testing

/// Protects the crop to nonzero voxels: holes are filled, channels are united, and an empty image is not cropped.
@Suite struct NonzeroMaskTests {
  /// A hollow box of ones from 1 to 4 in a grid of 7 x 6 x 5.
  private func hollow() -> Volume<Float> {
    var volume = Volume<Float>(shape: [7, 6, 5], repeating: 0)
    for z in 1...4 { for y in 1...4 { for x in 1...3 { volume[z, y, x] = 1 } } }
    volume[2, 2, 2] = 0
    return volume
  }

  @Test func holesAreFilledAndTheBoxIsTight() {
    let mask = NonzeroMask([hollow()])
    #expect(mask.boundingBox == BoundingBox(lower: [1, 1, 1], upper: [5, 5, 4]))
    #expect(mask.isInside.count { $0 } == 4 * 4 * 3)
  }

  @Test func openCavitiesAreNotHoles() {
    var volume = hollow()
    volume[1, 2, 2] = 0
    #expect(NonzeroMask([volume]).isInside.count { $0 } == 4 * 4 * 3 - 2)
  }

  /// Random masks with many winding cavities, filled by their definition.
  @Test(arguments: [[1, 9, 9], [6, 7, 8], [9, 5, 1]], [2, 3, 4])
  func holesOfRandomMasks(shape: [Int], share: UInt32) {
    var state: UInt32 = 5
    let volume = Volume(
      shape: shape,
      voxels: (0..<shape.reduce(1, *)).map { _ -> Float in
        state = state &* 1_664_525 &+ 1_013_904_223
        return (state >> 16) % 5 < share ? 1 : 0
      })
    var outside = Volume(shape: shape, repeating: false)
    var changes = true
    while changes {
      changes = false
      for z in 0..<shape[0] {
        for y in 0..<shape[1] {
          for x in 0..<shape[2] where volume[z, y, x] == 0 && !outside[z, y, x] {
            let isReached = [(-1, 0, 0), (1, 0, 0), (0, -1, 0), (0, 1, 0), (0, 0, -1), (0, 0, 1)].contains {
              dz, dy, dx in
              let near = [z + dz, y + dy, x + dx]
              return !zip(near, shape).allSatisfy { 0 <= $0 && $0 < $1 } || outside[near[0], near[1], near[2]]
            }
            if isReached { (outside[z, y, x], changes) = (true, true) }
          }
        }
      }
    }
    #expect(NonzeroMask([volume]).isInside == outside.voxels.map { !$0 })
  }

  @Test func channelsAreJoined() {
    var other = Volume<Float>(shape: [7, 6, 5], repeating: 0)
    other[6, 0, 4] = -3
    #expect(NonzeroMask([hollow(), other]).boundingBox == BoundingBox(lower: [1, 0, 1], upper: [7, 5, 5]))
  }

  @Test func emptyImageStaysWhole() {
    let mask = NonzeroMask([Volume(shape: [3, 4, 5], repeating: 0)])
    #expect(mask.boundingBox == BoundingBox(whole: [3, 4, 5]))
  }

  @Test func cropAndInsertAreInverse() {
    let volume = Volume(shape: [3, 4, 5], voxels: (0..<60).map { Int32($0) })
    let box = BoundingBox(lower: [1, 0, 2], upper: [3, 3, 4])
    let part = volume.cropped(to: box)
    #expect(part.shape == [2, 3, 2])
    #expect(part[0, 0, 0] == volume[1, 0, 2] && part[1, 2, 1] == volume[2, 2, 3])
    let back = part.inserted(at: box, of: volume.shape, background: -7)
    for z in 0..<3 {
      for y in 0..<4 {
        for x in 0..<5 {
          let inside = z >= 1 && y < 3 && (2..<4).contains(x)
          #expect(back[z, y, x] == (inside ? volume[z, y, x] : -7))
        }
      }
    }
  }
}
