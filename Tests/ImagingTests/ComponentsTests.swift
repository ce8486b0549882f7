import NIfTI
import Testing

@testable import Imaging

/// Protects the largest component: voxels are connected as by scikit-image's `label` with full connectivity, and the
/// components that nnU-Net keeps are kept.
@Suite struct ComponentsTests {
  /// A mask of `shape` that is true at some voxels (z, y, x).
  private func mask(_ shape: [Int], _ voxels: [[Int]]) -> Volume<Bool> {
    var mask = Volume(shape: shape, repeating: false)
    for voxel in voxels { mask[voxel[0], voxel[1], voxel[2]] = true }
    return mask
  }

  /// Voxels that share a corner are connected; the end of one row and the start of the next are not.
  @Test func cornersJoin() {
    let diagonal = [[0, 0, 0], [1, 1, 1], [2, 2, 2]]
    let apart = [[0, 3, 3], [0, 3, 1]]
    let found = Components.largest(of: mask([3, 4, 4], diagonal + apart))
    #expect(found == mask([3, 4, 4], diagonal))
    let rows = Components.largest(of: mask([1, 2, 3], [[0, 0, 2], [0, 1, 0]]))
    #expect(rows == mask([1, 2, 3], [[0, 0, 2], [0, 1, 0]]))
    let wrapped = mask([1, 2, 4], [[0, 0, 3], [0, 1, 0], [0, 1, 1]])
    #expect(Components.largest(of: wrapped) == mask([1, 2, 4], [[0, 1, 0], [0, 1, 1]]))
  }

  /// Of equally large components all are kept.
  @Test func ties() {
    let two = mask([1, 1, 7], [[0, 0, 0], [0, 0, 1], [0, 0, 4], [0, 0, 5]])
    #expect(Components.largest(of: two) == two)
  }

  /// Neighbors of different codes are different parts; larger parts come first, and earlier ones among equals.
  @Test func partsOfEqualCodes() {
    let codes = Volume<Int32>(shape: [1, 2, 5], voxels: [7, 3, 0, 7, 7, 0, 3, 0, 0, 7])
    #expect(Components.parts(of: codes) == [[3, 4, 9], [1, 6], [0]])
    #expect(Components.parts(of: Volume<Int32>(shape: [2, 2, 2], repeating: 0)).isEmpty)
    let ties = Volume<Int32>(shape: [1, 1, 4], voxels: [2, 1, 0, 2])
    #expect(Components.parts(of: ties) == [[0], [1], [3]])
  }

  @Test func nothingAndEverything() {
    let empty = Volume(shape: [2, 3, 4], repeating: false)
    #expect(Components.largest(of: empty) == empty)
    let full = Volume(shape: [2, 3, 4], repeating: true)
    #expect(Components.largest(of: full) == full)
  }
}
