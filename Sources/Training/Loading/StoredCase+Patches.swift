import Datasets

extension StoredCase {
  /// Voxels a patch may be centered on, by nnU-Net's rules: for each class or region that the case has, (z, y, x)
  /// triples of voxels that belong to it. `nil` where a patch may lie anywhere.
  ///
  /// With an ignore label, patches that need not show foreground show something annotated.
  func patchCenters(showingForeground: Bool) -> [[Int32]]? {
    let annotated = annotatedLocations.map { [$0] }
    guard showingForeground else { return annotated }
    let classes = classLocations.map(\.voxels)
    return classes.allSatisfy(\.isEmpty) ? annotated : classes
  }

  /// Runs `body` with a region of the case; see `PatchSource`.
  func withRegion<Result>(lower: [Int], size: [Int], _ body: (PatchSource) throws -> Result) throws -> Result {
    try withData { image in
      try withLabels { labels in
        try body(
          PatchSource(image: image, labels: labels, channels: channels, shape: shape, lower: lower, size: size))
      }
    }
  }
}
