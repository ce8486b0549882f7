import Files
import Foundation
import TensorFiles
import Tensors
import Testing

@testable import UNet

/// Protects the loss and its gradient against nnU-Net's: classes and regions, Dice per sample and per batch, with all,
/// some or no voxels annotated. The reference values are made by `Tests/Fixtures/losses.py`.
@Suite struct LossTests {
  static let examples = ["classes", "regions"].flatMap { kind in ["all", "some", "few", "none"].map { "\(kind)_\($0)" }
  }

  private static func loss(_ example: String, batchDice: Bool) -> Loss {
    Loss(
      example.hasPrefix("regions") ? .regions([[1, 2, 3], [2, 3], [3]]) : .classes,
      ignoreLabel: example.hasSuffix("all") ? nil : 4, batchDice: batchDice)
  }

  private func fixture() throws -> Safetensors {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    return try Safetensors(contentsOf: folder.appendingPathComponent("Fixtures/losses.safetensors"))
  }

  @Test(arguments: examples, [false, true])
  func agreesWithNNUNet(example: String, batchDice: Bool) throws {
    let file = try fixture()
    let shape = try file.entry("\(example)/logits").shape
    let (batch, channels, voxels) = (shape[0], shape[1], shape[2...].reduce(1, *))
    let logits = Tensor([batch, voxels, channels], try file.channelsLast("\(example)/logits"))
    let gradient = Tensor(logits.shape)
    let suffix = batchDice ? "True" : "False"
    let losses = DiceCrossEntropy(
      Self.loss(example, batchDice: batchDice), batch: batch, voxels: voxels, channels: channels)(
        logits: logits, labels: try file.integers("\(example)/labels").map { Int16($0) },
        factors: Array(repeating: 1 / Double(batch), count: batch), gradient: gradient)
    let expected = try file.doubles("\(example)/loss/\(suffix)")[0]
    #expect(abs(losses.reduce(0, +) / Double(batch) - expected) < 1e-5 * max(1, abs(expected)))
    let reference = try file.channelsLast("\(example)/gradient/\(suffix)")
    let scale = reference.map(abs).max() ?? 0
    let worst = zip(gradient.elements, reference).map { abs($0 - $1) }.max() ?? 0
    #expect(worst <= 1e-5 * scale, "differs by \(worst) of \(scale)")
  }

  /// Logits where nothing was annotated change neither losses nor gradients.
  @Test(arguments: ["classes_some", "regions_some"]) func ignoredVoxelsDoNotCount(example: String) throws {
    let file = try fixture()
    let labels = try file.integers("\(example)/labels").map { Int16($0) }
    let shape = try file.entry("\(example)/logits").shape
    let (batch, channels, voxels) = (shape[0], shape[1], shape[2...].reduce(1, *))
    let loss = DiceCrossEntropy(
      Self.loss(example, batchDice: false), batch: batch, voxels: voxels, channels: channels)
    func result(elsewhere value: Float) throws -> ([Double], [Float]) {
      var elements = try file.channelsLast("\(example)/logits")
      for v in labels.indices where labels[v] == 4 { for c in 0..<channels { elements[v * channels + c] = value } }
      let gradient = Tensor([batch, voxels, channels])
      let losses = loss(
        logits: Tensor(gradient.shape, elements), labels: labels, factors: [1, 1, 1], gradient: gradient)
      return (losses, gradient.elements)
    }
    let (first, second) = (try result(elsewhere: 0), try result(elsewhere: 50))
    #expect(first == second)
  }

  /// Labels that are neither known nor ignored, and regions that do not match the network's outputs, are refused.
  @Test func unknownLabelsAreRefused() throws {
    var architecture = NetworkTests.architecture
    architecture.outputChannels = 2
    let network = try Network(architecture, patch: NetworkTests.patch, batchSize: 1, training: true)
    network.forward()
    func losses(_ label: Int16, _ loss: Loss) throws -> [Float] {
      try network.computeLoss(loss, labels: Array(repeating: label, count: NetworkTests.patch.reduce(1, *)))
    }
    let regions = Loss(.regions([[1, 3], [3]]), ignoreLabel: 4, batchDice: false)
    #expect(try losses(4, regions)[0].isFinite)
    #expect(try losses(2, regions)[0].isFinite)
    for label in [Int16(-1), 5] { #expect(throws: InputError.self) { try losses(label, regions) } }
    #expect(throws: InputError.self) { try losses(2, Loss(batchDice: false)) }
    #expect(throws: InputError.self) { try losses(0, Loss(.regions([[1]]), batchDice: false)) }
  }

  /// Fine-tuning loads all weights except the heads', also from a network of other classes.
  @Test func headsAreLeftOutOfFineTuning() throws {
    var architecture = NetworkTests.architecture
    let source = try Network(architecture, patch: NetworkTests.patch, batchSize: 1, training: true, seed: 5)
    architecture.outputChannels = 5
    let network = try Network(architecture, patch: NetworkTests.patch, batchSize: 1, training: true, seed: 6)
    let heads = network.parameters.filter { $0.name.contains(".seg_layers.") }
    let before = heads.map(\.value.elements)
    let file = try Safetensors.reread(source.weights())
    #expect(throws: InputError.self) { try network.load(file) }
    try network.load(file, heads: false)
    #expect(heads.map(\.value.elements) == before)
    for (mine, theirs) in zip(network.parameters, source.parameters) where !mine.name.contains(".seg_layers.") {
      #expect(mine.value.elements == theirs.value.elements)
    }
  }
}
