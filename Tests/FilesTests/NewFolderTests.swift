import Foundation
import TestSupport
import Testing

@testable import Files

/// Protects what exists already from new folders, and new folders from being half-filled.
@Suite struct NewFolderTests {
  private struct Failure: Error {}

  private func contents(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  /// The folder has its name once it is complete; an empty folder of that name is replaced.
  @Test(arguments: [false, true]) func appearsWhenComplete(isThereEmpty: Bool) throws {
    try withTemporaryFolder { root in
      let destination = root.appendingPathComponent("made")
      if isThereEmpty {
        try FileManager.default.createDirectory(at: destination, withIntermediateDirectories: true)
      }
      try NewFolder.create(destination) { folder in
        #expect(folder.deletingLastPathComponent().path == root.path)
        try folder.put("a", at: "a.txt")
        try folder.put("b", at: "below/b.txt")
        #expect((try? contents(destination)) == (isThereEmpty ? [] : nil))
      }
      #expect(try contents(destination) == ["a.txt", "below"])
      #expect(try contents(root) == ["made"])
    }
  }

  @Test func failureLeavesNothing() throws {
    try withTemporaryFolder { (root) throws in
      #expect(throws: Failure.self) {
        try NewFolder.create(root.appendingPathComponent("made")) { folder in
          try folder.put("a", at: "a.txt")
          throw Failure()
        }
      }
      #expect(try contents(root).isEmpty)
    }
  }

  /// A folder with files, a file, and a path below a file are refused before anything is computed.
  @Test(arguments: ["full", "full/a.txt", "full/a.txt/below"]) func whatExistsIsNotReplaced(path: String) throws {
    try withTemporaryFolder { root in
      try root.put("a", at: "full/a.txt")
      let destination = root.appendingPathComponent(path)
      let error = #expect(throws: InputError.self) {
        try NewFolder.create(destination) { _ in Issue.record("filled") }
      }
      #expect(error?.subject == destination.path)
      #expect(try contents(root) == ["full"])
      #expect(try contents(root.appendingPathComponent("full")) == ["a.txt"])
      #expect(try String(contentsOf: root.appendingPathComponent("full/a.txt"), encoding: .utf8) == "a")
    }
  }

  /// What appears at the destination while the folder is filled is not replaced either.
  @Test func whatAppearsMeanwhileIsNotReplaced() throws {
    try withTemporaryFolder { (root) throws in
      let destination = root.appendingPathComponent("made")
      #expect(throws: InputError.self) {
        try NewFolder.create(destination) { folder in
          try folder.put("a", at: "a.txt")
          try destination.put("b", at: "b.txt")
        }
      }
      #expect(try contents(root) == ["made"])
      #expect(try contents(destination) == ["b.txt"])
    }
  }

  /// An earlier folder stays until its successor is complete, and for good when that fails.
  @Test func replacing() throws {
    try withTemporaryFolder { root in
      let destination = root.appendingPathComponent("made")
      try destination.put("old", at: "a.txt")
      #expect(throws: Failure.self) {
        try NewFolder.replace(destination) { folder in
          try folder.put("half", at: "b.txt")
          throw Failure()
        }
      }
      #expect(try contents(destination) == ["a.txt"])
      try NewFolder.replace(destination) { folder in
        try folder.put("new", at: "b.txt")
        #expect(try contents(destination) == ["a.txt"])
      }
      #expect(try contents(destination) == ["b.txt"])
      #expect(try contents(root) == ["made"])
    }
  }
}
