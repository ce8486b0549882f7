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
}
