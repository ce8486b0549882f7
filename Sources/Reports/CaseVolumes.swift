import Files
import Foundation
import NIfTI

/// The folders that a report takes its slices from.
public struct SliceFolders: Sendable {
  /// The images of an nnU-Net data set, `CASE_0000.nii.gz`; the first channel is shown.
  public var images: URL
  /// The reference segmentations, `CASE.nii.gz`.
  public var reference: URL

  /// Names the folders.
  public init(images: URL, reference: URL) {
    self.images = images
    self.reference = reference
  }
}

/// The volumes of one case that a report shows.
struct CaseVolumes {
  let image: Volume<Float>
  let reference: Volume<Int32>
  /// One for each evaluation that has the case.
  let predictions: [Volume<Int32>]
  /// The distance between voxels along z, y and x in mm.
  let spacing: [Double]

  /// - Parameters:
  ///   - name: The case.
  ///   - folders: Where its image and reference are.
  ///   - predictions: The folders of its predictions.
  /// - Throws: `InputError` when a file is missing, damaged or of another shape.
  init(_ name: String, _ folders: SliceFolders, predictions: [URL]) throws {
    try self.init(
      image: Self.file(name + "_0000", in: folders.images), reference: Self.file(name, in: folders.reference),
      predictions: predictions.map { Self.file(name, in: $0) })
  }

  /// - Throws: `InputError` when a file is missing, damaged or of another shape.
  init(image file: URL, reference: URL, predictions: [URL]) throws {
    let image = try NIfTIFile.read(file)
    let shape = image.volume.shape
    func labels(_ file: URL) throws -> Volume<Int32> {
      let labels = try NIfTIFile.readLabels(file).labels
      guard labels.shape == shape else {
        throw InputError(
          file.path, found: "\(labels.shape) voxels (z, y, x)", expected: "\(shape) as in the image of the case")
      }
      return labels
    }
    self.image = image.volume
    spacing = image.geometry.spacing
    self.reference = try labels(reference)
    self.predictions = try predictions.map(labels)
  }

  private static func file(_ name: String, in folder: URL) -> URL {
    let files = [".nii.gz", ".nii"].map { folder.appendingPathComponent(name + $0) }
    // Without a file, the error is about the usual name.
    return files.first { FileManager.default.fileExists(atPath: $0.path) } ?? files[0]
  }

  /// The voxels around everything that is segmented, with a margin of 8; the whole volume when nothing is.
  var box: [Range<Int>] {
    let counts = counts { voxel in
      reference.voxels[voxel] != 0 || predictions.contains { $0.voxels[voxel] != 0 } ? 1 : 0
    }
    return counts.map { counts in
      guard let first = counts.firstIndex(where: { $0 > 0 }), let last = counts.lastIndex(where: { $0 > 0 }) else {
        return counts.indices
      }
      return max(first - 8, 0)..<min(last + 9, counts.count)
    }
  }

  /// For z, y and x, the slice with most wrong voxels in all predictions together; the middle of the box without any.
  var slices: [Int] {
    let counts = counts { voxel in predictions.count { $0.voxels[voxel] != reference.voxels[voxel] } }
    return zip(counts, box).map { counts, range in
      let most = counts.max() ?? 0
      return most == 0 ? (range.lowerBound + range.upperBound) / 2 : counts.firstIndex(of: most) ?? 0
    }
  }

  /// The sum of a number for each voxel over each slice across z, y and x.
  private func counts(_ number: (Int) -> Int) -> [[Int]] {
    let shape = image.shape
    var counts = shape.map { Array(repeating: 0, count: $0) }
    var voxel = 0
    for z in 0..<shape[0] {
      for y in 0..<shape[1] {
        for x in 0..<shape[2] {
          let count = number(voxel)
          counts[0][z] += count
          counts[1][y] += count
          counts[2][x] += count
          voxel += 1
        }
      }
    }
    return counts
  }
}
