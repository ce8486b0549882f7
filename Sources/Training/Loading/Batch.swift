/// The samples of one training or validation step, as many as the plan's batch size.
public struct Batch: Sendable {
  /// The images, [N, z, y, x, C] with the channels last.
  public let images: [Float]
  /// The labels at full resolution, [N, z, y, x].
  public let labels: [Int16]
  /// The index of the case that each sample was cut from, in the order in which the cases were drawn.
  public let cases: [Int]
  /// Whether each sample was made to show foreground.
  public let showsForeground: [Bool]
}

/// What a batch is made from.
struct BatchRequest: Sendable {
  enum Kind: Sendable { case training, validation }

  let kind: Kind
  /// The number of the batch, counted from the start of the run and separately for training and validation.
  ///
  /// It is part of the key of the random numbers.
  let iteration: Int
  /// The index of each sample's case among the training or validation cases.
  let cases: [Int]
}
