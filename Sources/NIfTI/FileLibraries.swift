import CNIfTI
import Foundation

/// What volumes are read and written with.
public enum FileLibraries {
  /// zlib's version.
  public static var zlib: String { zlibVersion().map { String(cString: $0) } ?? "unknown" }

  /// The name of the NIfTI library's file, which has the version in it; the library tells it in no other way.
  public static var nifti: String {
    let mapped = try? FileHandle(forReadingAtPath: "/proc/self/maps")?.readToEnd()
    let path = String(decoding: mapped ?? Data(), as: UTF8.self).split(separator: "\n").first {
      $0.contains("/libnifti")
    }?.split(separator: "/").last
    return path.map(String.init) ?? "unknown"
  }
}
