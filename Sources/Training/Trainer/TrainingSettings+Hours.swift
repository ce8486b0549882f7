import Plans

extension TrainingSettings {
  /// The number of epochs with which a training ends in time, from half of the plan's to one and a half times as many.
  ///
  /// - Parameters:
  ///   - seconds: The time of the training.
  ///   - finished: The seconds that each finished epoch has taken.
  func epochs(within seconds: Double, after finished: [Double]) -> Int {
    guard !finished.isEmpty else { return epochs }
    let total = finished.reduce(0, +)
    let fitting = seconds / max(total / Double(finished.count), 1e-9)
    let (fewest, most) = (Double(epochs) / 2, Double(epochs) * 1.5)
    return max(finished.count, Int(min(max(fitting, fewest), most).rounded()))
  }
}
