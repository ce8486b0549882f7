import Files
import Foundation
import TensorFiles
import Workflows

extension Reader {
  /// Files of tensors. Each is also described as `hwsseg inspect` does.
  static var tensors: [(name: String, make: (Workbench) throws -> Reader)] {
    [
      (
        "safetensors",
        { bench in
          Reader("safetensors", seeds: try safetensors(bench), textShare: 0.4) {
            try use(bench.put($0, "a.safetensors"))
          }
        }
      ),
      (
        // The table alone, with the length before it and data behind it that belong to it.
        "safetensors-table",
        { bench in
          let seeds = try safetensors(bench).map(table)
          return Reader("safetensors-table", seeds: seeds, textShare: 0.9) { table in
            let length = withUnsafeBytes(of: UInt64(table.count).littleEndian) { Array($0) }
            try use(bench.put(length + table + Array(repeating: 0x3F, count: 400), "a.safetensors"))
          }
        }
      ),
      (
        "pth",
        { bench in
          Reader("pth", seeds: try checkpoints(), textShare: 0) { try use(pth: bench.put($0, "a.pth")) }
        }
      ),
      (
        "pickle",
        { bench in
          Reader("pickle", seeds: PickleSeed.all, textShare: 0.05) {
            try use(pth: bench.put(ZIPSeed.archive(pickle: $0), "a.pth"))
          }
        }
      ),
    ]
  }

  /// Reads every array as every type.
  private static func use(_ url: URL) throws {
    let file = try Safetensors(contentsOf: url)
    try read(file)
    _ = try Inspection.facts(of: url)
    try Workbench.further(file.checkIntegrity)
  }

  private static func read(_ file: Safetensors) throws {
    for (name, entry) in file.entries {
      let count = entry.shape.reduce(1, *)
      let counts = try [file.floats(name).count, file.doubles(name).count, file.integers(name).count]
      guard counts.allSatisfy({ $0 == count }) else { throw WrongResult("\(counts) elements of \(entry.shape)") }
      try file.withBytes(name) { bytes in
        guard bytes.count == count * entry.type.size else { throw WrongResult("\(bytes.count) bytes") }
      }
    }
  }

  private static func use(pth url: URL) throws {
    let file = try PyTorchFile(contentsOf: url)
    _ = (file.keys, file.isStateDictionary, file.string("trainer_name"), file.string("init_args", "configuration"))
    _ = (file.integer("current_epoch"), file.integers("inference_allowed_mirroring_axes"))
    try read(file.networkWeights())
    _ = try Inspection.facts(of: url)
  }

  private static func safetensors(_ bench: Workbench) throws -> [[UInt8]] {
    let weights: [Safetensors.Tensor] = [
      Safetensors.Tensor(
        "encoder.stages.0.0.convs.0.conv.weight", shape: [2, 1, 1, 1, 3], floats: [1, 2, 3, 4, 5, 6]),
      Safetensors.Tensor("decoder.seg_layers.0.bias", shape: [2], doubles: [0.5, -1]),
      Safetensors.Tensor("steps", shape: [1], int32s: [7]),
      Safetensors.Tensor("empty", shape: [0, 3], bytes: []),
      Safetensors.Tensor("mask", shape: [2, 2], bytes: [0, 1, 1, 0]),
    ]
    let others: [Safetensors.Tensor] = [
      Safetensors.Tensor("data", shape: [1, 2, 2, 2], floats: [0, 1, 2, 3, 4, 5, 6, 7]),
      Safetensors.Tensor("labels", shape: [2, 2, 2], int16s: [0, 1, 0, 1, -1, 0, 1, 1]),
      Safetensors.Tensor("class_locations/1", shape: [1, 3], int32s: [0, 0, 1]),
      Safetensors.Tensor("probabilities", shape: [1, 1, 1, 2], floats: [0.25, 0.75]),
    ]
    return try [weights, others].map { tensors in
      try bench.bytes("seed.safetensors") { try Safetensors.write(tensors, metadata: ["epoch": "3"], to: $0) }
    }
  }

  private static func table(_ file: [UInt8]) -> [UInt8] {
    let length = file[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    return Array(file[8..<8 + length])
  }

  /// Archives of each of the pickles.
  private static func checkpoints() throws -> [[UInt8]] {
    PickleSeed.all.map { ZIPSeed.archive(pickle: $0) } + [ZIPSeed.archive(pickle: PickleSeed.all[0], wide: true)]
  }
}
