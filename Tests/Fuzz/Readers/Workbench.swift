import Files
import Foundation
import NIfTI

/// The folder, in memory where the system has such folders, in which inputs become files.
struct Workbench {
  let folder: URL

  /// A file that does not exist yet, or that the next input replaces.
  func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

  /// Writes an input. The file is a new one each time, because the one before may still be mapped.
  @discardableResult
  func put(_ bytes: [UInt8], _ name: String) throws -> URL {
    let url = file(name)
    unlink(url.path)
    let descriptor = open(url.path, O_WRONLY | O_CREAT | O_EXCL, 0o644)
    guard descriptor >= 0 else { throw WorkbenchError(name, errno) }
    defer { close(descriptor) }
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, $0.count - written) }
      guard count > 0 else { throw WorkbenchError(name, errno) }
      written += count
    }
    return url
  }

  /// Writes a text.
  @discardableResult
  func put(_ text: String, _ name: String) throws -> URL { try put(Array(text.utf8), name) }

  /// The bytes of a file that one of the program's writers has written.
  func bytes(_ name: String, write: (URL) throws -> Void) throws -> [UInt8] {
    let url = file(name)
    try write(url)
    return try [UInt8](Data(contentsOf: url))
  }

  /// Does what follows from a file that has been accepted, and may be refused although the file was not.
  static func further(_ body: () throws -> Void) throws {
    do { try body() } catch is InputError {}
  }

  /// A new folder below this one.
  func subfolder(_ name: String) throws -> Workbench {
    let url = file(name)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    return Workbench(folder: url)
  }

  /// The text of a file of the repository.
  static func repository(_ path: String) throws -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }
}

/// The fuzzer's own files cannot be written: not a finding about a reader.
struct WorkbenchError: Error, CustomStringConvertible {
  let description: String

  init(_ name: String, _ code: Int32) { description = "cannot write \(name): \(String(cString: strerror(code)))" }
}
