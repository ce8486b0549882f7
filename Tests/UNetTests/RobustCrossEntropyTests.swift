import Files
import Foundation
import Tensors
import Testing

@testable import UNet

/// Protects the robust losses, their gradients and the derivatives of these by the parameter against PyTorch's autograd
/// in float64, which `Tests/Fixtures/robust_losses.py` runs on the papers' formulas.
@Suite struct RobustCrossEntropyTests {
  private let values: JSONFields

  init() throws {
    let file = URL(fileURLWithPath: #filePath).appendingPathComponent("../../Fixtures/robust_losses.json").standardized
    values = try JSONFields(JSON.parse(Data(contentsOf: file), file: file.path), file: file.path)
    #expect(try values.ints("shape") == [2, 1, 2, 3, 3])
  }

  private func network(patch: [Int], outputs: Int = 1, channels: Int = 3) throws -> Network {
    let stages = outputs + 1
    let architecture = Architecture(
      inputChannels: 1, outputChannels: channels, features: Array(repeating: 1, count: stages),
      kernels: Array(repeating: [1, 1, 1], count: stages),
      strides: [[1, 1, 1]] + (0..<outputs).map { $0 == 0 && outputs > 1 ? [2, 2, 2] : [1, 1, 1] },
      convolutionsPerStage: Array(repeating: 1, count: stages),
      convolutionsPerDecoderStage: Array(repeating: 1, count: stages - 1), activation: .leakyReLU(slope: 0.01))
    return try Network(architecture, patch: patch, batchSize: 2, training: true)
  }

  private func set(_ logits: [Float], _ network: Network, output: Int = 0) {
    network.outputs[output].withUnsafeMutableBufferPointer { _ = $0.update(from: logits) }
  }

  private func expectClose(_ found: [Double], _ expected: [Double], _ what: String) {
    let largest = expected.map(abs).max() ?? 0
    #expect(found.count == expected.count && largest > 1e-3)
    let worst = zip(found, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(worst < 1e-5 * largest, "\(what): differs by \(worst), the largest is \(largest)")
  }

  @Test(arguments: 0..<16) func agreesWithPyTorch(index: Int) throws {
    let example = try values.objects("examples")[index]
    let ignores = try example.bool("ignores")
    let target = try example.bool("regions") ? Loss.Target.regions(values.intLists("regions")) : .classes
    let network = try network(patch: [1, 2, 3])
    set(try values.doubles("logits").map { Float($0) }, network)
    let labels = try values.ints(ignores ? "ignoring" : "labels").map { Int16($0) }
    let factors = try values.doubles("factors")
    let kind = try #require(RobustCrossEntropy.Kind(rawValue: example.string("kind")))
    let parameter = try example.double("parameter")
    let loss = RobustCrossEntropy(
      kind, network: network, loss: Loss(target, ignoreLabel: ignores ? 3 : nil, batchDice: false))
    // What the loss has written is kept.
    network.logitGradients[0].fill(1)
    let losses = loss.replaceCrossEntropy(labels: labels, factors: factors, parameter: parameter)
    expectClose(losses, try example.doubles("losses"), "losses")
    let change = network.logitGradients[0].elements.map { Double($0) - 1 }
    expectClose(change, try example.doubles("change"), "change")
    loss.setDerivative(labels: labels, factors: factors, parameter: parameter)
    let derivative = network.logitGradients[0].elements.map { Double($0) }
    expectClose(derivative, try example.doubles("derivative"), "derivative")
  }

  /// Where the network is sure of other labels, only the cross-entropy has a gradient, which the polynomial loss takes
  /// away as a whole: at every resolution, for classes and regions, with and without an ignored label.
  @Test(arguments: [Loss.Target.classes, .regions([[1, 2], [2], [0, 1]])], [nil, 3]) func takesTheWholeCrossEntropy(
    target: Loss.Target, ignoreLabel: Int?
  ) throws {
    let network = try network(patch: [2, 4, 4], outputs: 3)
    var labels = (0..<64).map { Int16($0 * 7 / 5 % 3) }
    if let ignoreLabel { for index in [0, 1, 5, 30] { labels[index] = Int16(ignoreLabel) } }
    for (output, logits) in network.outputs.enumerated() {
      let coarse = DeepSupervision.downsample(labels, batch: 2, from: [2, 4, 4], to: Array(logits.shape[1...3]))
      let wrong = coarse.flatMap { label -> [Float] in
        let isInside = (0..<3).map { channel in
          if case .regions(let regions) = target { regions[channel].contains(Int(label)) } else { channel == label }
        }
        // For classes the next one is sure; for regions the opposite.
        return target == .classes
          ? (0..<3).map { Int16($0) == (label + 1) % 3 ? 30 : 0 } : isInside.map { $0 ? -30 : 30 }
      }
      set(wrong, network, output: output)
    }
    let loss = Loss(target, ignoreLabel: ignoreLabel, batchDice: false)
    _ = try network.computeLoss(loss, labels: labels, sampleWeights: [1, 0.5])
    func largest() -> [Float] { network.logitGradients.map { $0.elements.map(abs).max() ?? 0 } }
    #expect(largest()[0] > 1e-3 && largest()[1] > 1e-3)
    let robust = RobustCrossEntropy(.polynomial, network: network, loss: loss)
    let losses = robust.replaceCrossEntropy(labels: labels, factors: [0.5, 0.25], parameter: 5)
    #expect(largest()[0] < 1e-6 && largest()[1] < 1e-6)
    #expect(losses.allSatisfy { $0.isFinite && $0 > 0 })
    robust.setDerivative(labels: labels, factors: [0.5, 0.25], parameter: 5)
    #expect(largest() == [0, 0, 0])
  }

  /// Near the cross-entropy, the loss is the cross-entropy, and the gradient hardly changes.
  @Test(arguments: [(RobustCrossEntropy.Kind.generalized, 0.001), (.symmetric, 0), (.biTempered, 0.999)])
  func nearTheCrossEntropy(kind: RobustCrossEntropy.Kind, parameter: Double) throws {
    let network = try network(patch: [1, 2, 3])
    set(try values.doubles("logits").map { Float($0) }, network)
    let labels = try values.ints("labels").map { Int16($0) }
    let loss = Loss(batchDice: false)
    _ = try network.computeLoss(loss, labels: labels)
    let before = network.logitGradients[0].elements
    let losses = RobustCrossEntropy(kind, network: network, loss: loss).replaceCrossEntropy(
      labels: labels, factors: [0.5, 0.5], parameter: parameter)
    for (found, hardness) in zip(losses, network.patchHardness) {
      #expect(abs(found - hardness.crossEntropy) < 0.005 * hardness.crossEntropy)
    }
    let change = zip(network.logitGradients[0].elements, before).map { abs($0 - $1) }.max() ?? 1
    #expect(change < 0.005 * (before.map(abs).max() ?? 0))
  }

  /// Logits so large that probabilities are 0 and 1 lead to no infinity.
  @Test(arguments: RobustCrossEntropy.Kind.allCases, [Loss.Target.classes, .regions([[1, 2], [2], [0, 1]])])
  func largeLogits(kind: RobustCrossEntropy.Kind, target: Loss.Target) throws {
    let network = try network(patch: [1, 2, 3])
    set(try values.doubles("logits").map { Float(1e4 * $0) }, network)
    let labels = try values.ints("labels").map { Int16($0) }
    let loss = RobustCrossEntropy(kind, network: network, loss: Loss(target, batchDice: false))
    for parameter in [kind.range.lowerBound, kind.range.upperBound] {
      for value in loss.replaceCrossEntropy(labels: labels, factors: [0.5, 0.5], parameter: parameter) {
        #expect(value.isFinite)
      }
      #expect(network.logitGradients[0].elements.allSatisfy { $0.isFinite })
      loss.setDerivative(labels: labels, factors: [0.5, 0.5], parameter: parameter)
      #expect(network.logitGradients[0].elements.allSatisfy { $0.isFinite })
    }
  }

  /// Every η has a parameter within the range, and each parameter inside has its η.
  @Test(arguments: RobustCrossEntropy.Kind.allCases) func unconstrained(kind: RobustCrossEntropy.Kind) {
    for value in [-1e9, -3, 0, 2, 1e9] { #expect(kind.range.contains(kind.parameter(value))) }
    for value in [-5, 0, 2.5] {
      #expect(abs(kind.unconstrained(kind.parameter(value)) - value) < 1e-9)
      let slope = (kind.parameter(value + 1e-5) - kind.parameter(value - 1e-5)) / 2e-5
      #expect(abs(kind.slope(at: kind.parameter(value)) - slope) < 1e-6 * slope)
    }
  }
}
