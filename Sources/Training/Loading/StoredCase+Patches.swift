import Datasets

extension StoredCase {
  /// The voxels that a patch may be centered on, by nnU-Net's rules, or `nil` when a patch may lie anywhere.
  ///
  /// These are (z, y, x) triples for each class or region. A data set with an ignore label centers the patches that
  /// need not show foreground, and those of cases without foreground, on any annotated voxel.
  func patchCenters(showingForeground: Bool) -> [[Int32]]? {
    let annotated = annotatedLocations.map { [$0] }
    guard showingForeground else { return annotated }
    let classes = classLocations.map(\.voxels)
    return classes.allSatisfy(\.isEmpty) ? annotated : classes
  }

  /// Runs `body` with a region of the case.
  ///
  /// - Parameters:
  ///   - lower: The lower corner of the region, (z, y, x) in voxels of the case; it may lie outside the case.
  ///   - size: The shape of the region, (z, y, x).
  /// - Throws: `InputError` when the case cannot be read, and any error of `body`.
  func withRegion<Result>(lower: [Int], size: [Int], _ body: (PatchSource) throws -> Result) throws -> Result {
    try withData { image in
      try withLabels { labels in
        try body(
          PatchSource(image: image, labels: labels, channels: channels, shape: shape, lower: lower, size: size))
      }
    }
  }
}
