import Foundation
import TestSupport
import Testing

@testable import Files

/// Protects what the program believes it may take: a limit that is overlooked ends a training after hours.
@Suite struct AvailableMemoryTests {
  @Test func isPositiveAndNotMoreThanTheMachineHas() {
    #expect(AvailableMemory.bytes > 0)
    #expect(AvailableMemory.bytes <= Int(ProcessInfo.processInfo.physicalMemory))
  }

  /// Writes the files of a control group.
  private func write(_ files: [String: String], to folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in files {
      try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
    }
  }

  @Test func aGroupAndThoseAboveIt() throws {
    try withTemporaryFolder { root in
      try write(["memory.max": "8000\n", "memory.current": "5000\n"], to: root.appendingPathComponent("jobs"))
      try write(
        ["memory.max": "max\n", "memory.current": "4000\n", "memory.stat": "anon 1000\ninactive_file 900\n"],
        to: root.appendingPathComponent("jobs/one"))
      let groups = ControlGroup.groups("0::/jobs/one\n", root: root)
      #expect(groups.map(\.available) == [nil, 3000, nil])
    }
  }

  @Test func cachesOfFilesAreGivenUp() throws {
    try withTemporaryFolder { root in
      try write(
        ["memory.max": "8000\n", "memory.current": "7000\n", "memory.stat": "anon 1000\ninactive_file 4000\n"], to: root
      )
      #expect(ControlGroup(folder: root).available == 5000)
    }
  }

  @Test func theOlderInterface() throws {
    try withTemporaryFolder { root in
      try write(
        [
          "memory.limit_in_bytes": "8000\n", "memory.usage_in_bytes": "7000\n",
          "memory.stat": "inactive_file 1\ntotal_inactive_file 500\n",
        ], to: root.appendingPathComponent("memory/job"))
      let groups = ControlGroup.groups("5:cpu,cpuacct:/job\n4:memory:/job\n0::/\n", root: root)
      #expect(groups.compactMap(\.available) == [1500])
    }
  }

  @Test func aFolderThatIsYetToBeMadeIsOnTheDiskOfTheOneAboveIt() throws {
    try withTemporaryFolder { folder in
      let free = try #require(DiskSpace.free(at: folder))
      let below = try #require(DiskSpace.free(at: folder.appendingPathComponent("a/b")))
      // Other processes write meanwhile.
      #expect(abs(free - below) < free / 2)
    }
  }

  /// Not even root can write below a regular file.
  @Test func whatCannotBeWrittenIsRefused() throws {
    try withTemporaryFolder { folder in
      try Data().write(to: folder.appendingPathComponent("file"))
      let below = folder.appendingPathComponent("file/below")
      #expect(throws: InputError.self) { try DiskSpace.check([(below, 1)]) }
    }
  }

  @Test func foldersOfOneDiskAreCountedTogether() throws {
    try withTemporaryFolder { folder in
      let free = try #require(DiskSpace.free(at: folder))
      let (a, b) = (folder.appendingPathComponent("a"), folder.appendingPathComponent("b"))
      try DiskSpace.check([(a, free / 4), (b, free / 4)])
      #expect(throws: InputError.self) { try DiskSpace.check([(a, free / 3 * 2), (b, free / 3 * 2)]) }
    }
  }
}
