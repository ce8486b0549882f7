import Files
import Foundation
import HardnessWeighting
import Plans
import TensorFiles
import TestSupport
import Training
import UNet

extension Reader {
  /// Checkpoints, from which trainings go on.
  static var trainings: [(name: String, make: (Workbench) throws -> Reader)] {
    [
      (
        "checkpoint",
        { bench in
          let run = try SampleRun()
          let seed = try bench.bytes("seed.safetensors", write: run.write)
          return Reader("checkpoint", seeds: [seed], textShare: 0.6) { bytes in
            try run.resume(Safetensors(contentsOf: bench.put(bytes, "checkpoint_latest.safetensors")))
          }
        }
      ),
      (
        "training-state",
        { bench in
          let run = try SampleRun()
          let file = try bench.bytes("seed.safetensors", write: run.write)
          let text = try Safetensors(contentsOf: bench.file("seed.safetensors")).metadata["training_state"] ?? ""
          let checkpoint = try CheckpointSeed(file, state: text)
          return Reader("training-state", texts: [text]) { bytes in
            let url = try bench.put(checkpoint.file(state: bytes), "checkpoint_latest.safetensors")
            try run.resume(Safetensors(contentsOf: url))
          }
        }
      ),
      (
        "method-state",
        { bench in
          let run = try SampleRun()
          let file = try bench.bytes("seed.safetensors", write: run.write)
          let metadata = try Safetensors(contentsOf: bench.file("seed.safetensors")).metadata
          let text = metadata["method_state/distillation"] ?? ""
          let checkpoint = try CheckpointSeed(file, state: text)
          return Reader("method-state", texts: [text]) { bytes in
            let url = try bench.put(checkpoint.file(state: bytes), "checkpoint_latest.safetensors")
            try run.resume(Safetensors(contentsOf: url))
          }
        }
      ),
      (
        "sampler-state",
        { bench in
          let archives = try SampleTables.samplers.map { sampler in
            try ArchivedSampler.archive(SampleTables.settings(sampler))
          }
          return Reader("sampler-state", texts: archives) { bytes in try ArchivedSampler.use(Data(bytes)) }
        }
      ),
    ]
  }
}

extension SampleTables {
  /// The settings of a sampler as plans name it.
  static func settings(_ sampler: String) throws -> SamplerSettings {
    let text = SamplePlan.text.dropLast() + ", \"training\": {\"sampler\": \(sampler)}}"
    return try Plan(JSON.parse(Data(text.utf8), file: ""), file: "").training.sampler
  }
}
