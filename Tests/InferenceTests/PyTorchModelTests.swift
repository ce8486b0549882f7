import Datasets
import Foundation
import TensorFiles
import Tensors
import Testing
import UNet

@testable import Inference

/// Protects the use of nnU-Net's results folders as they are: the networks in them give PyTorch's logits.
///
/// The fixtures are made by `Tests/Fixtures/make_pytorch_fixtures.py`.
struct PyTorchModelTests {
  private func folder(_ name: String) -> URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/\(name)")
  }

  @Test(arguments: ["plain", "residual"]) func logits(name: String) throws {
    let model = try Model(ModelFolder(folder(name).appendingPathComponent("fold_0")))
    #expect(model.mirrorAxes == [0, 2])
    #expect(model.configuration.name == "3d_fullres")
    let expected = try Safetensors(contentsOf: folder(name).appendingPathComponent("expected.safetensors"))
    let image = try expected.floats("image")
    let logits = try expected.floats("logits")
    for engine in [Engine.blas, .onednn] {
      let network = try Network(
        model.architecture, patch: model.configuration.patchSize, batchSize: 1, training: false, engine: engine)
      try network.load(model.weights)
      network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: image) }
      network.forward()
      let voxels = image.count
      let largest = logits.map(abs).max() ?? 0
      network.outputs[0].withUnsafeBufferPointer { found in
        for channel in 0..<3 {
          for voxel in 0..<voxels {
            #expect(abs(found[voxel * 3 + channel] - logits[channel * voxels + voxel]) <= 1e-5 * largest)
          }
        }
      }
    }
  }

  /// Folds are found below a results folder, and a missing one is named.
  @Test func folds() throws {
    let plain = folder("plain")
    #expect(try ModelFolder.folds(of: plain).map(\.url.lastPathComponent) == ["fold_0"])
    #expect(try ModelFolder.folds(["0"], of: plain).map(\.url.lastPathComponent) == ["fold_0"])
    #expect(
      try ModelFolder.folds(of: plain.appendingPathComponent("fold_0")).map(\.url.lastPathComponent) == ["fold_0"])
    #expect(throws: (any Error).self) { try ModelFolder.folds(["1"], of: plain) }
    #expect(throws: (any Error).self) {
      try Model(ModelFolder(plain.appendingPathComponent("fold_0")), checkpoint: .best)
    }
  }
}
