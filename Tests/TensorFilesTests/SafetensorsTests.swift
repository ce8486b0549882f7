import Files
import Foundation
import TensorFiles
import TestSupport
import Testing

/// Protects weights and preprocessed cases on disk: they read as what was written, and damaged files are refused.
@Suite struct SafetensorsTests {
  @Test func roundTrip() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a.safetensors")
      try Safetensors.write(
        [
          .init("b", shape: [3], int16s: [-1, 0, 300]), .init("a", shape: [2, 2], floats: [1, -2, 0.5, 1e-30]),
        ], metadata: ["key": "value \"quoted\""], to: url)
      let file = try Safetensors(contentsOf: url)
      #expect(try file.floats("a") == [1, -2, 0.5, 1e-30])
      #expect(try file.integers("b") == [-1, 0, 300])
      #expect(try file.entry("a").shape == [2, 2])
      #expect(file.metadata["key"] == "value \"quoted\"")
      #expect(throws: InputError.self) { try file.floats("c") }
    }
  }

  @Test func truncatedFileIsRefused() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a.safetensors")
      try Safetensors.write([.init("a", shape: [100], floats: Array(repeating: 1, count: 100))], to: url)
      let whole = try Data(contentsOf: url)
      for length in [0, 7, 8, 40, whole.count - 1] {
        try whole.prefix(length).write(to: url)
        #expect(throws: InputError.self) { try Safetensors(contentsOf: url) }
      }
    }
  }

  /// A file that shrinks while it is mapped would end the program at the first page that is gone.
  @Test func aFileThatChangesIsRefused() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a.safetensors")
      try Safetensors.write([.init("a", shape: [9000], floats: Array(repeating: 1, count: 9000))], to: url)
      let file = try Safetensors(contentsOf: url)
      #expect(truncate(url.path, 4096) == 0)
      let error = #expect(throws: InputError.self) { try file.floats("a") }
      #expect(error?.subject == url.path)
    }
  }

  /// CRC-32 of the bytes 0, 0, 128, 63 by Python's zlib.crc32.
  @Test func checksums() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a.safetensors")
      try Safetensors.write([.init("a", shape: [1], floats: [1])], to: url)
      let file = try Safetensors(contentsOf: url)
      #expect(file.checksum == "aca16a6a")
      try file.checkIntegrity()
      var data = try Data(contentsOf: url)
      data[data.count - 1] ^= 1
      try data.write(to: url)
      let damaged = try Safetensors(contentsOf: url)
      #expect(throws: InputError.self) { try damaged.checkIntegrity() }
    }
  }
}
