/// A reason to stop training although the input was usable.
public enum TrainingError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A loss or the gradient is NaN or infinite.
  ///
  /// `what` names the quantity, `cases` the cases concerned; `epoch` and `iteration` are counted from 0.
  case diverged(what: String, cases: [String], epoch: Int, iteration: Int)

  /// What happened, and what to do about it.
  public var description: String {
    switch self {
    case .diverged(let what, let cases, let epoch, let iteration):
      "\(what) is not finite in epoch \(epoch + 1), step \(iteration + 1), "
        + "with cases \(cases.joined(separator: ", ")). "
        + "Look at these cases' images, or lower initial_learning_rate in the plan. Nothing of this epoch is kept; "
        + "with skip_non_finite_steps in the plan's training, --resume goes on from the last checkpoint without such "
        + "steps."
    }
  }
}
