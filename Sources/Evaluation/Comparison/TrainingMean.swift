import Statistics

/// The mean of statistics over the trainings of a method, as often as a resample draws each of them.
///
/// Three trainings drawn from three vary too little: the mean of a resample lies closer to the mean of all than that
/// to the truth. The distance is therefore stretched, by √(n / (n − 1)) for the spread that a resample loses, and by
/// the ratio of Student's quantile to the normal one because the spread itself is known from a few trainings only.
struct TrainingMean {
  private let stretch: Double

  /// - Parameters:
  ///   - trainings: The number of trainings of the method.
  ///   - degreesOfFreedom: How many trainings the spread is known from, less one for each method.
  ///   - level: The share that intervals are to cover.
  init(trainings: Int, degreesOfFreedom: Int, level: Double) {
    guard trainings > 1 else {
      stretch = 1
      return
    }
    let (count, p) = (Double(trainings), (1 + level) / 2)
    let student = StudentT.quantile(p, degreesOfFreedom: degreesOfFreedom)
    stretch = (count / (count - 1)).squareRoot() * student / Normal.quantile(p)
  }

  /// - Parameters:
  ///   - multiplicities: How often each training counts.
  ///   - count: The number of statistics.
  ///   - statistics: The statistics of a training.
  func callAsFunction(_ multiplicities: [Int], count: Int, _ statistics: (Int) -> [Double]) -> [Double] {
    var means = Array(repeating: 0.0, count: count)
    for (training, multiplicity) in multiplicities.enumerated() {
      let weight = (1 + stretch * Double(multiplicity - 1)) / Double(multiplicities.count)
      for (index, value) in statistics(training).enumerated() { means[index] += weight * value }
    }
    return means
  }
}
