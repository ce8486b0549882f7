import Files
import NIfTI

extension RawDataset {
  /// Checks the shapes and spacings of all files by their headers.
  ///
  /// - Throws: `InputError` naming the first file at fault.
  public func checkGeometry() throws { _ = try mapCases { try $0.checkGeometry() } }

  /// Checks the shapes and spacings of all files, and the values of all label maps.
  ///
  /// The voxels of images are not read.
  ///
  /// - Returns: The names of the cases with at least one voxel of foreground.
  /// - Throws: `InputError` naming the first file at fault, or the data set when no case has a voxel of foreground.
  @discardableResult
  public func checkIntegrity() throws -> Set<String> {
    let foreground = Set(description.foregroundLabels.map { Int32($0) })
    let areLabeled = try mapCases { rawCase in
      try rawCase.checkGeometry()
      guard let label = rawCase.label else { return false }
      let labels = try NIfTIFile.readLabels(label).labels
      try RawCase.check(labels, of: label, description)
      return labels.voxels.contains { $0 != 0 && foreground.contains($0) }
    }
    let labeled = Set(zip(caseNames, areLabeled).filter(\.1).map(\.0))
    guard !labeled.isEmpty else {
      throw InputError(
        folder.path, found: "no labeled voxel in any of the \(cases.count) cases", expected: "something to learn",
        advice: "Check the label maps and the labels of dataset.json.")
    }
    return labeled
  }
}
