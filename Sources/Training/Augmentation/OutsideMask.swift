/// Sets voxels with the label −1, which lie outside the nonzero region or the case, to 0.
///
/// This applies to the channels that were normalized over the nonzero region only (`use_mask_for_norm`).
struct OutsideMask {
  /// The indices of these channels.
  let channels: [Int]

  func apply(to patch: inout Patch) {
    for channel in channels {
      let start = patch.range(ofChannel: channel).lowerBound
      for (voxel, label) in patch.labels.enumerated() where label < 0 { patch.image[start + voxel] = 0 }
    }
  }
}
