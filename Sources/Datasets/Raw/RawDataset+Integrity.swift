import Files
import NIfTI

extension RawDataset {
  /// Checks the shapes and spacings of all files, and the values of all label maps.
  ///
  /// The voxels of images are not read.
  ///
  /// - Throws: `InputError` naming the first file at fault.
  public func checkIntegrity() throws {
    for rawCase in cases {
      try rawCase.checkGeometry()
      if let label = rawCase.label { try RawCase.check(NIfTIFile.readLabels(label).labels, of: label, description) }
    }
  }
}
