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
      ("training-state", { try state("training-state", under: "training_state", $0) }),
      ("distillation-state", { try state("distillation-state", under: "method_state/distillation", $0) }),
      ("reweight-state", { try state("reweight-state", under: "method_state/reweight", $0) }),
      ("interactions-state", { try state("interactions-state", under: "method_state/interactions", $0) }),
      ("robust-loss-state", { try state("robust-loss-state", under: "method_state/robust_loss", $0) }),
      ("adversarial-state", { try state("adversarial-state", under: "method_state/adversarial", $0) }),
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

  /// A state in a checkpoint: the checkpoint is sound, and the text of the state is damaged.
  ///
  /// - Parameter key: The state's key in the checkpoint's metadata.
  private static func state(_ name: String, under key: String, _ bench: Workbench) throws -> Reader {
    let run = try SampleRun()
    let file = try bench.bytes("seed.safetensors", write: run.write)
    let text = try Safetensors(contentsOf: bench.file("seed.safetensors")).metadata[key] ?? ""
    let checkpoint = try CheckpointSeed(file, state: text)
    return Reader(name, texts: [text]) { bytes in
      let url = try bench.put(checkpoint.file(state: bytes), "checkpoint_latest.safetensors")
      try run.resume(Safetensors(contentsOf: url))
    }
  }
}

extension SampleTables {
  /// The settings of a sampler as plans name it.
  static func settings(_ sampler: String) throws -> SamplerSettings {
    let text = SamplePlan.text.dropLast() + ", \"training\": {\"sampler\": \(sampler)}}"
    return try Plan(JSON.parse(Data(text.utf8), file: ""), file: "").training.sampler
  }
}
