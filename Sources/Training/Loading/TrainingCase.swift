import Datasets
import Files
import Foundation

/// A stored case that patches are cut from.
struct TrainingCase: Sendable {
  let name: String
  private let mapped: MappedCase

  var shape: [Int] { mapped.shape }

  /// - Throws: `InputError` when the store does not have it, with labels and the plan's number of channels.
  init(_ name: String, store: PreprocessedStore, channels: Int) throws {
    self.name = name
    mapped = try store.case(name)
    guard mapped.channels == channels else {
      throw InputError(
        "case \(name)", found: "\(mapped.channels) channels", expected: "\(channels), as in the plan",
        advice: "Preprocess the data set with this plan.")
    }
  }

  /// Voxels a patch must show one of, by nnU-Net's rules: for each class or region that the case has, (z, y, x) triples
  /// of voxels that belong to it. `nil` where a patch may lie anywhere.
  ///
  /// With an ignore label patches that need not show foreground show something annotated.
  func places(showingForeground: Bool) -> [[Int32]]? {
    let annotated = mapped.annotatedLocations.map { [$0] }
    guard showingForeground else { return annotated }
    let classes = mapped.classLocations.map(\.voxels)
    return classes.allSatisfy(\.isEmpty) ? annotated : classes
  }

  /// Runs `body` with a region of the case; see `PatchSource`.
  func withRegion<Result>(lower: [Int], size: [Int], _ body: (PatchSource) throws -> Result) throws -> Result {
    try mapped.withData { image in
      try mapped.withLabels { labels in
        try body(
          PatchSource(
            image: image, labels: labels, channels: mapped.channels, shape: mapped.shape, lower: lower, size: size))
      }
    }
  }
}
