import UNet

/// How the loss of clean cases changes when a training step follows a gradient: first-order meta-learning.
///
/// With the gradient v of the loss on a clean batch, a step θ − α g changes that loss by −α ⟨g, v⟩ to first order. Each
/// step has one v. The products of all gradients with v come from the tangent of the logits along v (`LogitTangent`),
/// so that no sample needs a backward pass of its own.
package final class MetaGradient {
  private let clean: (Int) throws -> Batch
  private let tangent: LogitTangent
  /// The step that the tangent belongs to, and its products once they are known.
  private var prepared: (iteration: Int, isKnown: Bool, products: [Double]?)?

  /// - Parameters:
  ///   - network: The network that is trained, in 32-bit floats.
  ///   - clean: Returns the clean batch of a step, of the network's batch size.
  package init(_ network: Network, clean: @escaping (_ iteration: Int) throws -> Batch) {
    self.clean = clean
    tangent = LogitTangent(network)
  }

  /// Computes v and the tangent of the logits for a step, once. Nothing may change the images after this.
  ///
  /// - Throws: `InputError` when a clean case cannot be read.
  func prepare(_ step: TrainingStep) throws {
    guard prepared?.iteration != step.iteration else { return }
    let batch = try clean(step.iteration)
    var cleanStep = TrainingStep(
      network: step.network, loss: step.loss, iteration: step.iteration, cases: batch.cases, images: batch.images,
      labels: batch.labels)
    cleanStep.forward(cleanStep.images)
    try cleanStep.computeLoss(weights: cleanStep.weights)
    step.network.backward()
    tangent.takeDirection()
    step.load(step.images)
    prepared = (step.iteration, tangent.compute(), nil)
  }

  /// ⟨g, v⟩ for the gradient g of the weights to which the present gradient with respect to the logits leads; `nil`
  /// when v is 0 or not finite.
  func product() -> Double? {
    guard prepared?.isKnown == true else { return nil }
    let product = tangent.product()
    return product.isFinite ? product : nil
  }

  /// ⟨∇ loss_i, v⟩ for each sample i; `nil` when v is 0 or not finite.
  ///
  /// - Throws: `InputError` when a label is unknown to the loss.
  func products(_ step: inout TrainingStep) throws -> [Double]? {
    if let products = prepared?.products { return products }
    let count = step.cases.count
    var products: [Double] = []
    for sample in 0..<count {
      // Factors for one sample at a time, because with batch Dice a sample's loss has gradients in all of them.
      try step.computeLoss(weights: (0..<count).map { $0 == sample ? Double(count) : 0 })
      guard let product = product() else { return nil }
      products.append(product)
    }
    prepared?.products = products
    return products
  }
}
