import UNet

/// A training step as methods see it.
package struct TrainingStep {
  /// The network that is trained.
  package let network: Network
  /// The definition of the loss.
  package let loss: Loss
  /// The number of steps before this one, counted from the start of the run.
  package let iteration: Int
  /// The index of each sample's case.
  package let cases: [Int]
  /// The images, (N, z, y, x, channel).
  package var images: [Float]
  /// The labels at full resolution, (N, z, y, x).
  package var labels: [Int16]
  /// The loss of each sample; empty before the forward pass.
  package var losses: [Double] = []
  /// The weights in the gradient with respect to the logits that ``computeLoss(weights:)`` has set last.
  private(set) var gradientWeights: [Double] = []
  /// The weight w_i of each of the N samples: the step minimizes Σ w_i · loss_i / N.
  package var weights: [Double]

  package init(
    network: Network, loss: Loss, iteration: Int, cases: [Int], images: [Float], labels: [Int16],
    weights: [Double]? = nil
  ) {
    (self.network, self.loss, self.iteration, self.cases) = (network, loss, iteration, cases)
    (self.images, self.labels) = (images, labels)
    self.weights = weights ?? cases.map { _ in 1 }
  }

  /// Passes images through the network that is trained.
  package func forward(_ images: [Float], inference: Bool = false) {
    load(images)
    network.forward(inference: inference)
  }

  /// Makes images the input of the network's next forward pass.
  func load(_ images: [Float]) { network.input.withUnsafeMutableBufferPointer { _ = $0.update(from: images) } }

  /// Computes the loss of each sample after a forward pass of the step's images, and sets the gradient with respect to
  /// the logits to that of `Σ weights[i] · loss[i] / N`.
  ///
  /// - Throws: `InputError` when a label is unknown to the loss.
  @discardableResult
  package mutating func computeLoss(weights: [Double]) throws -> [Float] {
    gradientWeights = weights
    return try network.computeLoss(loss, labels: labels, sampleWeights: weights.map(Float.init))
  }
}
