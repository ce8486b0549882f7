import Files
import Foundation
import NIfTI

/// The memory and the disk that preprocessing takes, by the headers of the images.
public struct PreprocessingNeeds: Sendable, Equatable {
  /// Bytes of memory while the largest case is preprocessed.
  public let memory: Int
  /// The name of that case.
  public let largestCase: String
  /// Bytes of the preprocessed cases, estimated where cases are cropped.
  public let disk: Int

  /// Bytes of the program itself.
  private static let program = 40_000_000

  /// How many cases can be preprocessed at a time with the memory that there is, at most eight.
  var casesAtOnce: Int { max(1, min(8, (AvailableMemory.bytes - Self.program) / max(1, memory))) }

  /// Checks that one case at a time fits into the memory, and all of them onto the disk.
  ///
  /// - Parameter folder: The folder for the preprocessed cases, which need not exist.
  /// - Throws: `InputError` when there is too little of either.
  public func check(for folder: URL) throws {
    let available = AvailableMemory.bytes
    guard memory + Self.program <= available else {
      throw InputError(
        "memory", found: "case \(largestCase), whose preprocessing needs about \(ByteCount.text(memory))",
        expected: "at most the \(ByteCount.text(available)) that are available",
        advice: "Use a machine with more memory, or a coarser spacing in the plan.")
    }
    try DiskSpace.check([(folder, disk)])
  }
}

extension Preprocessor {
  /// Computes what the preprocessing of a data set takes.
  ///
  /// How much cropping removes is not in the headers. For the disk, the plan's median image size tells; the memory is
  /// that of a case of which nothing is removed.
  ///
  /// - Throws: `InputError` when a header cannot be read, or an image would be empty or too large at the plan's
  ///   spacing.
  public func needs(of dataset: RawDataset) throws -> PreprocessingNeeds {
    let channels = description.channelNames.count
    let sizes = try dataset.cases.map { rawCase -> (memory: Int, voxels: Int) in
      let geometry = try NIfTIFile.readGeometry(rawCase.images[0])
      let (shape, before) = try properties(of: geometry, caseName: rawCase.name)
      return (memory(from: before.shapeBeforeCropping, to: shape), shape.reduce(1, *))
    }
    let largest = sizes.indices.max { sizes[$0].memory < sizes[$1].memory } ?? 0
    let median = sizes.map(\.voxels).sorted()[sizes.count / 2]
    let planned = plan.configuration.medianImageSize.reduce(1, *)
    let kept = plan.configuration.medianImageSize.isEmpty ? 1 : min(1, planned / Double(median))
    let voxels = Double(sizes.reduce(0) { $0 + $1.voxels }) * kept
    // At least 10 000 coordinates z, y, x for each class.
    let locations = dataset.cases.count * description.foregroundClasses.count * 12 * 10_000
    return PreprocessingNeeds(
      memory: sizes[largest].memory, largestCase: dataset.cases[largest].name,
      disk: Int(voxels * Double(4 * channels + 2)) + min(locations, Int(voxels) * 12))
  }

  /// Bytes while a case is preprocessed: at the peak, its last channel is resampled, or the result is written.
  private func memory(from before: [Int], to after: [Int]) -> Int {
    let channels = description.channelNames.count
    let (voxels, newVoxels) = (before.reduce(1, *), after.reduce(1, *))
    // Images and labels as they were read and, where the plan has other axes, transposed.
    let read = (4 * channels + 4) * voxels * (plan.transposeForward == [0, 1, 2] ? 1 : 2)
    // The channel in single and double precision, and each axis resampled after the other.
    let (first, second) = (before[0] * before[1] * after[2], before[0] * after[1] * after[2])
    let resampling = before == after ? 4 * voxels : 12 * voxels + 8 * second + 8 * max(first, newVoxels)
    // The labels inside the nonzero region with its mask, and the channels before.
    let others = 5 * voxels + 4 * (channels - 1) * newVoxels
    let writing = 2 * (4 * channels + 2) * newVoxels
    return read + max(resampling + others, writing)
  }
}
