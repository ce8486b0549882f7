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
