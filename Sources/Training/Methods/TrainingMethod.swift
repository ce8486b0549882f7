import Foundation

/// A change to what training steps minimize.
///
/// The trainer calls its methods one after the other and never asks which they are, so they combine with each other and
/// with any sampler. Without methods, a training is nnU-Net's. A method does something in one or two places of a step,
/// and nothing in the others.
package protocol TrainingMethod {
  /// What is needed besides the settings to go on exactly.
  associatedtype State: Codable

  /// The name of the state in checkpoints.
  var name: String { get }
  /// The state after the last step that was done.
  var state: State { get }
  /// How often each training case is to be drawn, in proportion; `nil` where the method leaves that to the sampler.
  var drawWeights: [Double]? { get }

  /// Goes on from a state that was decoded.
  ///
  /// - Parameter file: The checkpoint, for error messages.
  /// - Throws: `InputError` when the state cannot be, or belongs to another run.
  mutating func restore(_ state: State, from file: URL) throws

  /// Prepares a step before its forward pass. The method may change the images and labels, and use the network.
  mutating func prepare(_ step: inout TrainingStep) throws

  /// Changes the weights of the samples, after the forward pass and the losses.
  mutating func weigh(_ step: inout TrainingStep) throws

  /// Adds to the gradient with respect to the logits, which is that of Σ w_i · loss_i / N.
  mutating func change(_ step: TrainingStep) throws

  /// Called after the weights of the network have changed.
  ///
  /// What the method has learned from a step must not reach its state before: a step whose loss or gradient is not
  /// finite is left out.
  mutating func stepDone()

  /// Called at the end of an epoch.
  ///
  /// - Returns: The values for the epoch's row in `log.csv`, by column.
  mutating func endEpoch() -> [String: Double]
}

extension TrainingMethod {
  package var drawWeights: [Double]? { nil }
  package mutating func prepare(_ step: inout TrainingStep) throws {}
  package mutating func weigh(_ step: inout TrainingStep) throws {}
  package mutating func change(_ step: TrainingStep) throws {}
}
