import Foundation

/// The files that one volume is kept in, by the name a user gives.
struct FilePair {
  /// The file with the header.
  let header: URL
  /// The file with the voxels, where the name says that it is another one.
  let image: URL?

  /// The files to read. The other one of a pair may be compressed or not, whatever this one is.
  init(reading url: URL) {
    let (stem, ending, gzip) = FilePair.split(url)
    func other(_ ending: String) -> URL {
      let places = [gzip, gzip.isEmpty ? ".gz" : ""].map { FilePair.place(url, stem + ending + $0) }
      return places.first { FileManager.default.fileExists(atPath: $0.path) } ?? places[0]
    }
    switch ending {
    case ".hdr": (header, image) = (url, other(".img"))
    case ".img": (header, image) = (other(".hdr"), url)
    default: (header, image) = (url, nil)
    }
  }

  /// The files to write; `nil` for a name that is not of a NIfTI file.
  init?(writing url: URL) {
    let (stem, ending, gzip) = FilePair.split(url)
    switch ending {
    case ".nii": (header, image) = (url, nil)
    case ".hdr": (header, image) = (url, FilePair.place(url, stem + ".img" + gzip))
    case ".img": (header, image) = (FilePair.place(url, stem + ".hdr" + gzip), url)
    default: return nil
    }
  }

  private static func split(_ url: URL) -> (stem: String, ending: String, gzip: String) {
    let name = url.lastPathComponent
    let gzip = name.hasSuffix(".gz") ? ".gz" : ""
    let plain = name.dropLast(gzip.count)
    return (String(plain.dropLast(4)), String(plain.suffix(4)), gzip)
  }

  private static func place(_ url: URL, _ name: String) -> URL {
    url.deletingLastPathComponent().appendingPathComponent(name)
  }
}
