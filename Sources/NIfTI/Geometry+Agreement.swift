import Files
import Foundation

extension Geometry {
  /// Checks that the voxels of two files lie at the same positions.
  ///
  /// Writers round differently. A tenth of a voxel allows for that, and still notices a flip or a shift.
  ///
  /// - Parameters:
  ///   - expected: The geometry that is expected.
  ///   - file: The file with this geometry, for the error.
  ///   - other: The file with the expected one.
  ///   - advice: What the user can do.
  /// - Throws: `InputError` when shapes differ, or positions by more than a tenth of the smallest distance of voxels.
  public func check(agreesWith expected: Geometry, file: URL, other: URL, advice: String) throws {
    guard shape == expected.shape else {
      throw InputError(
        file.path, found: "\(shape) voxels (z, y, x)", expected: "\(expected.shape) as in \(other.path)", advice: advice
      )
    }
    let shift = largestShift(from: expected)
    guard shift <= 0.1 * (expected.spacing.min() ?? 1) else {
      throw InputError(
        file.path, found: "voxels up to \(String(format: "%.3g", shift)) mm from those of \(other.lastPathComponent)",
        expected: "the position and orientation of \(other.path)", advice: advice)
    }
  }

  /// The largest distance in mm between the positions of the volume's corners in two geometries; NaN becomes infinite.
  private func largestShift(from other: Geometry) -> Double {
    let difference = zip(affine, other.affine).map { $0 - $1 }
    var largest = 0.0
    for corner in 0..<8 {
      let index = (0..<3).map { axis in corner >> axis & 1 == 1 ? Double(shape[2 - axis] - 1) : 0 }
      var squared = 0.0
      for row in 0..<3 {
        let entries = difference[(4 * row)..<(4 * row + 4)].map { $0 }
        let shift = entries[0] * index[0] + entries[1] * index[1] + entries[2] * index[2] + entries[3]
        squared += shift * shift
      }
      largest = max(largest, squared.isNaN ? .infinity : squared.squareRoot())
    }
    return largest
  }
}
