import Foundation
import TestSupport
import Testing

@testable import Files

/// Protects files from being half-written: each is replaced as a whole or left as it was.
@Suite struct AtomicFileTests {
  private struct Failure: Error {}

  private func contents(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path)
  }

  /// Until the writer is done the old file is there; then the new one is, and nothing else.
  @Test func replacesAsAWhole() throws {
    try withTemporaryFolder { folder in
      try folder.put("old", at: "labels.nii.gz")
      let file = folder.appendingPathComponent("labels.nii.gz")
      try AtomicFile.replace(file) { temporary in
        #expect(temporary != file)
        #expect(temporary.deletingLastPathComponent().path == folder.path)
        #expect(temporary.lastPathComponent.hasSuffix(".nii.gz"))
        try Data("half of the ".utf8).write(to: temporary)
        #expect(try String(contentsOf: file, encoding: .utf8) == "old")
        try Data("new".utf8).write(to: temporary)
      }
      #expect(try String(contentsOf: file, encoding: .utf8) == "new")
      #expect(try contents(folder) == ["labels.nii.gz"])
    }
  }

  @Test func failingWriterLeavesTheOldFile() throws {
    try withTemporaryFolder { folder in
      try folder.put("old", at: "a.txt")
      for name in ["a.txt", "b.txt"] {
        #expect(throws: Failure.self) {
          try AtomicFile.replace(folder.appendingPathComponent(name)) { temporary in
            try Data("half".utf8).write(to: temporary)
            throw Failure()
          }
        }
      }
      #expect(try contents(folder) == ["a.txt"])
      #expect(try String(contentsOf: folder.appendingPathComponent("a.txt"), encoding: .utf8) == "old")
    }
  }

  @Test func dataAndText() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("new/folders/a.txt")
      try AtomicFile.replace(file, with: Data([1, 2, 3]))
      #expect(try Data(contentsOf: file) == Data([1, 2, 3]))
      try AtomicFile.replace(file, with: "ä\n")
      #expect(try Data(contentsOf: file) == Data([0xC3, 0xA4, 0x0A]))
      #expect(try contents(file.deletingLastPathComponent()) == ["a.txt"])
    }
  }

  /// A path below a regular file cannot be written, not even by root; nor can a folder be replaced by a file.
  @Test func unwritablePathsAreRefused() throws {
    try withTemporaryFolder { folder in
      try folder.put("old", at: "file")
      try folder.put("old", at: "folder/inside")
      for path in ["file/below", "file/further/below", "folder"] {
        let error = #expect(throws: InputError.self) {
          try AtomicFile.replace(folder.appendingPathComponent(path), with: "new")
        }
        #expect(error?.subject.hasPrefix(folder.path) == true)
      }
      #expect(try contents(folder).sorted() == ["file", "folder"])
      #expect(try contents(folder.appendingPathComponent("folder")) == ["inside"])
      #expect(try String(contentsOf: folder.appendingPathComponent("file"), encoding: .utf8) == "old")
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may write into every folder"))
  func readOnlyFoldersAreRefused() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: folder.path)
      defer { try? FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path) }
      let error = #expect(throws: InputError.self) {
        try AtomicFile.replace(folder.appendingPathComponent("a.txt"), with: "new")
      }
      #expect(error?.subject == folder.path)
      #expect(try contents(folder).isEmpty)
    }
  }

  /// A link stays a link; what is no file is not replaced by one.
  @Test func linksAreFollowed() throws {
    try withTemporaryFolder { folder in
      try folder.put("old", at: "far/a.txt")
      let (link, file) = (folder.appendingPathComponent("link.txt"), folder.appendingPathComponent("far/a.txt"))
      try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
      try AtomicFile.replace(link, with: "new")
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == file.path)
      #expect(try String(contentsOf: file, encoding: .utf8) == "new")
      let pipe = folder.appendingPathComponent("pipe")
      #expect(mkfifo(pipe.path, 0o600) == 0)
      #expect(throws: InputError.self) { try AtomicFile.replace(pipe, with: "new") }
      #expect(throws: InputError.self) { try AtomicFile.replace(folder.appendingPathComponent("far"), with: "new") }
    }
  }

  /// Only what an ended process left behind is removed. No process has the highest number that fits.
  @Test func leftoversAreRemoved() throws {
    try withTemporaryFolder { folder in
      let own = ".\(ProcessInfo.processInfo.processIdentifier)-1-a.txt"
      for name in [".2147483647-12-a.txt", own, ".hidden", "1-2-a.txt"] { try folder.put("", at: name) }
      AtomicFile.removeLeftovers(in: folder)
      #expect(try contents(folder).sorted() == [own, ".hidden", "1-2-a.txt"].sorted())
    }
  }
}
