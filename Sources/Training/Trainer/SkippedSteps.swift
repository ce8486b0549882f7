/// The steps of an epoch that were left out because a loss or the gradient was not finite.
struct SkippedSteps: Codable {
  private(set) var count = 0
  private var cases: Set<String> = []

  /// Adds a step.
  ///
  /// - Parameter names: The cases with such a loss, or all of the batch if only the gradient is not finite.
  mutating func add(_ names: [String]) {
    count += 1
    cases.formUnion(names)
  }

  /// What the user is told at the end of the epoch.
  func sentence(iterations: Int) -> String {
    let names = cases.sorted()
    let more = names.count > 5 ? " and \(names.count - 5) more" : ""
    return "Left out \(count) of \(iterations) steps whose loss or gradient was not finite, with "
      + "\(names.prefix(5).joined(separator: ", "))\(more). Look at the images of these cases."
  }
}
