import Foundation

/// The one or two files that hold a volume, found from the name that the user gives.
struct FilePair {
  /// The file with the header.
  let header: URL
  /// The file with the voxels, or `nil` when they are in the header's file.
  let image: URL?

  /// The files to read. Either file of a pair may be compressed, whether the other one is or not.
  init(reading url: URL) {
    let (stem, ending, gzip) = FilePair.split(url)
    func other(_ ending: String) -> URL {
      let candidates = [gzip, gzip.isEmpty ? ".gz" : ""].map { FilePair.sibling(of: url, stem + ending + $0) }
      return candidates.first { FileManager.default.fileExists(atPath: $0.path) } ?? candidates[0]
    }
    switch ending {
    case ".hdr": (header, image) = (url, other(".img"))
    case ".img": (header, image) = (other(".hdr"), url)
    default: (header, image) = (url, nil)
    }
  }

  /// The files to write, or `nil` when the name does not end like that of a NIfTI file.
  init?(writing url: URL) {
    let (stem, ending, gzip) = FilePair.split(url)
    switch ending {
    case ".nii": (header, image) = (url, nil)
    case ".hdr": (header, image) = (url, FilePair.sibling(of: url, stem + ".img" + gzip))
    case ".img": (header, image) = (FilePair.sibling(of: url, stem + ".hdr" + gzip), url)
    default: return nil
    }
  }

  private static func split(_ url: URL) -> (stem: String, ending: String, gzip: String) {
    let name = url.lastPathComponent
    let gzip = name.hasSuffix(".gz") ? ".gz" : ""
    let plain = name.dropLast(gzip.count)
    return (String(plain.dropLast(4)), String(plain.suffix(4)), gzip)
  }

  private static func sibling(of url: URL, _ name: String) -> URL {
    url.deletingLastPathComponent().appendingPathComponent(name)
  }
}
