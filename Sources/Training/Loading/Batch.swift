/// What a training step reads: as many samples as the plan's batch size.
public struct Batch: Sendable {
  /// [N, z, y, x, C], channels last.
  public let images: [Float]
  /// [N, z, y, x] at full resolution.
  public let labels: [Int16]
  /// The case each sample was cut from.
  public let cases: [Int]
}

/// A batch that is to be prepared.
struct BatchRequest: Sendable {
  enum Kind: Sendable { case training, validation }

  let kind: Kind
  /// Counted from the start of the run, a count for training and one for validation: the random numbers hang on it.
  let iteration: Int
  let cases: [Int]
}
