/// The samples of one training or validation step: as many as the plan's batch size or, where several processes train
/// together, those of this process.
public struct Batch: Sendable {
  /// The images of this process, [N, z, y, x, C] with the channels last.
  public let images: [Float]
  /// The labels of this process at full resolution, [N, z, y, x].
  public let labels: [Int16]
  /// The index of the case that each sample of the whole batch was cut from, in the order in which they were drawn.
  public let cases: [Int]
  /// Whether each sample of the whole batch was made to show foreground.
  public let showsForeground: [Bool]
  /// The probability with which each case was drawn, if it was by a sampler.
  let probabilities: [Double]?

  package init(
    images: [Float], labels: [Int16], cases: [Int], showsForeground: [Bool], probabilities: [Double]? = nil
  ) {
    (self.images, self.labels, self.cases) = (images, labels, cases)
    (self.showsForeground, self.probabilities) = (showsForeground, probabilities)
  }
}

/// What a batch is made from.
struct BatchRequest: Sendable {
  enum Kind: Sendable {
    case training, validation
    /// Training cases without augmentation.
    case clean
  }

  let kind: Kind
  /// The number of the batch, counted from the start of the run and separately for training and validation.
  ///
  /// It is part of the key of the random numbers.
  let iteration: Int
  /// The index of each sample's case among the training or validation cases.
  let cases: [Int]
  /// The probability with which each case was drawn; `nil` for validation.
  var probabilities: [Double]?
}

/// A batch that has been drawn but not trained on.
package struct DrawnBatch: Codable, Sendable {
  /// The index of each case.
  package var cases: [Int]
  /// The probability with which each was drawn; `nil` in checkpoints of earlier versions.
  var probabilities: [Double]?

  package init(cases: [Int], probabilities: [Double]?) {
    self.cases = cases
    self.probabilities = probabilities
  }

  private enum CodingKeys: String, CodingKey { case cases, probabilities }

  /// Decodes a batch, or the list of cases that checkpoints of earlier versions have in its place.
  package init(from decoder: any Decoder) throws {
    if let cases = try? decoder.singleValueContainer().decode([Int].self) {
      self.cases = cases
    } else {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      cases = try values.decode([Int].self, forKey: .cases)
      probabilities = try values.decodeIfPresent([Double].self, forKey: .probabilities)
    }
  }
}
