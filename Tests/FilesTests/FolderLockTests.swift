import Files
import Foundation
import TestSupport
import Testing

/// Protects results from two processes that write into the same folder.
@Suite struct FolderLockTests {
  @Test func oneHolderAtATime() throws {
    try withTemporaryFolder { folder in
      let target = folder.appendingPathComponent("results")
      var first: FolderLock? = try FolderLock(target)
      #expect(throws: InputError.self) { try FolderLock(target) }
      withExtendedLifetime(first) {}
      first = nil
      _ = try FolderLock(target)
    }
  }

  @Test func aFileInsteadOfAFolder() throws {
    try withTemporaryFolder { folder in
      try folder.put("", at: "results")
      #expect(throws: InputError.self) { try FolderLock(folder.appendingPathComponent("results")) }
    }
  }
}
