/// Why training cannot go on, though its input was usable.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A loss or the gradient is NaN or infinite.
  case diverged(what: String, cases: [String], epoch: Int, iteration: Int)

  public var description: String {
    switch self {
    case .diverged(let what, let cases, let epoch, let iteration):
      "\(what) is not finite in epoch \(epoch + 1), step \(iteration + 1), with cases \(cases.joined(separator: ", ")). "
        + "Look at these cases' images, or lower initial_learning_rate in the plan; "
        + "the last checkpoint is as it was after the epoch before."
    }
  }
}
