/// A patch of a whole case, one of those that cover it.
struct CaseTile {
  /// The index of the case among the training or validation cases.
  let caseIndex: Int
  /// The lower corner (z, y, x) in voxels of the case; negative where the case is smaller than the patch.
  let lower: [Int]

  /// As few tiles as cover a case, evenly spaced; where the case is smaller than the patch, one in the middle.
  ///
  /// - Parameters:
  ///   - caseIndex: The index of the case among the training or validation cases.
  ///   - shape: The shape of the case, (z, y, x).
  ///   - patch: The shape of the patch, (z, y, x).
  static func covering(_ caseIndex: Int, shape: [Int], patch: [Int]) -> [CaseTile] {
    let starts = (0..<3).map { axis in
      let (extent, width) = (shape[axis], patch[axis])
      guard extent > width else { return [(extent - width) / 2] }
      let last = (extent + width - 1) / width - 1
      return (0...last).map { $0 * (extent - width) / last }
    }
    return starts[0].flatMap { z in
      starts[1].flatMap { y in starts[2].map { x in CaseTile(caseIndex: caseIndex, lower: [z, y, x]) } }
    }
  }
}
