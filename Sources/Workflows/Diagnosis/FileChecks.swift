import Files
import Foundation
import NIfTI
import TensorFiles

/// Tries out the files and the folder that results are written to.
enum FileChecks {
  /// Writes and reads files in a new folder in `folder`, which is removed afterwards.
  static func all(in folder: URL) -> [Check] {
    let place = folder.appendingPathComponent(".hwsseg-doctor-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: place) }
    return [
      Check("NIfTI") { try volumes(place.appendingPathComponent("a.nii")) },
      Check("NIfTI with gzip") { try volumes(place.appendingPathComponent("a.nii.gz")) },
      Check("safetensors") { try arrays(place.appendingPathComponent("a.safetensors")) },
      Check("files replaced as a whole") { try replacement(place.appendingPathComponent("a.txt")) },
      Check("locks") { try locks(place) },
      Check("hard links") { hardLinks(place) },
    ]
  }

  private static func volumes(_ file: URL) throws -> Check.Result {
    let shape = [5, 6, 7]
    let labels = Volume(shape: shape, voxels: (0..<210).map { Int32($0 * 7 % 300) })
    let geometry = Geometry(shape: shape, spacing: [2.5, 1, 0.5])
    try NIfTIFile.write(labels: labels, geometry: geometry, to: file)
    let found = try NIfTIFile.readLabels(file)
    guard found.labels.voxels == labels.voxels, found.geometry.spacing == geometry.spacing else {
      return .failed("what was read is not what was written")
    }
    return .ok()
  }

  private static func arrays(_ file: URL) throws -> Check.Result {
    let values = (0..<1000).map { Float($0) * 0.3 }
    try Safetensors.write([.init("a", shape: [10, 100], floats: values)], to: file)
    let stored = try Safetensors(contentsOf: file)
    try stored.checkIntegrity()
    return try stored.floats("a") == values ? .ok() : .failed("what was read is not what was written")
  }

  private static func replacement(_ file: URL) throws -> Check.Result {
    for text in ["old", "new"] { try AtomicFile.replace(file, with: text) }
    return try String(contentsOf: file, encoding: .utf8) == "new" ? .ok() : .failed("the old file is still there")
  }

  /// A folder's lock can be taken once, and again when it has been released.
  private static func locks(_ folder: URL) throws -> Check.Result {
    func isFree() -> Bool { (try? FolderLock(folder)) != nil }
    let isTakenTwice = try withExtendedLifetime(FolderLock(folder)) { isFree() }
    if isTakenTwice { return .failed("two processes could write into this folder at once") }
    return isFree() ? .ok() : .failed("a lock is not released")
  }

  private static func hardLinks(_ folder: URL) -> Check.Result {
    let (file, other) = (folder.appendingPathComponent("a.txt"), folder.appendingPathComponent("b.txt"))
    let works = (try? FileManager.default.linkItem(at: file, to: other)) != nil
    return works ? .ok() : .missing("a training keeps one checkpoint to resume from, not two")
  }
}
