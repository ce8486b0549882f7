import Foundation
import UNet

/// A change to what training steps minimize, besides which cases are drawn.
///
/// The trainer calls its methods one after the other and never asks which they are, so they combine with each other and
/// with any sampler. Without methods, a training is nnU-Net's.
package protocol TrainingMethod {
  /// What is needed besides the settings to go on exactly.
  associatedtype State: Codable

  /// The name of the state in checkpoints.
  var name: String { get }
  /// The state after the last step that was done.
  var state: State { get }

  /// Goes on from a state that was decoded.
  ///
  /// - Parameter file: The checkpoint, for error messages.
  /// - Throws: `InputError` when the state cannot be, or belongs to another run.
  mutating func restore(_ state: State, from file: URL) throws

  /// Changes a step. The losses are known, and the gradient with respect to the logits is set.
  ///
  /// What the method learns from the step must not reach its state before ``stepDone()``: a step whose gradient is not
  /// finite is left out.
  mutating func change(_ step: TrainingStep) throws

  /// Called after the weights of the network have changed.
  mutating func stepDone()

  /// Called at the end of an epoch.
  ///
  /// - Returns: The values for the epoch's row in `log.csv`, by column.
  mutating func endEpoch() -> [String: Double]
}

/// What a method sees of a training step.
package struct TrainingStep {
  /// The network after its forward pass: images, logits and the gradient with respect to the logits.
  package let network: Network
  /// The index of each sample's case.
  package let cases: [Int]
  /// The weight w_i of each of the N samples: the step minimizes Σ w_i · loss_i / N.
  package let weights: [Double]

  package init(network: Network, cases: [Int], weights: [Double]) {
    (self.network, self.cases, self.weights) = (network, cases, weights)
  }
}
