/// The training and validation cases of one fold.
public struct Split: Sendable, Equatable {
  /// The names of the cases that the network is trained on.
  public let training: [String]
  /// The names of the cases that the network is evaluated on.
  public let validation: [String]

  /// Creates a split from case names.
  public init(training: [String], validation: [String]) {
    self.training = training
    self.validation = validation
  }
}
