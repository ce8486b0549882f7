/// Sets what lies outside the case, where the label is −1, to 0 in the channels that were normalized inside only.
struct OutsideMask {
  let channels: [Int]

  func apply(to patch: inout Patch) {
    for channel in channels {
      let start = patch.range(ofChannel: channel).lowerBound
      for (voxel, label) in patch.labels.enumerated() where label < 0 { patch.image[start + voxel] = 0 }
    }
  }
}
