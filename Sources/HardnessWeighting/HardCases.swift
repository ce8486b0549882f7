/// Watches the losses of cases over a training, and names those that stay hard however often they are trained on. These are either the
/// hard patients or cases with wrong labels: a person has to look.
///
/// A case's loss is smoothed over its visits. It is hard when it lies more than three standard deviations, estimated by the median
/// absolute deviation, above the median of all cases (Leys et al., "Detecting outliers", 2013), and a suspect when it has been hard at the end
/// of three epochs in a row with at least five visits in that time.
public struct HardCases: Codable, Sendable, Equatable {
  /// A case that stays hard.
  public struct Suspect: Sendable, Equatable {
    public let index: Int
    /// Its smoothed loss, and the median over all cases.
    public let loss: Double
    public let median: Double
    /// Visits in all.
    public let visits: Int
    /// For how many epochs in a row it has been hard.
    public let epochs: Int
  }

  private static let smoothing = 0.7
  private static let deviations = 3.0
  private static let epochsNeeded = 3
  private static let visitsNeeded = 5

  /// How often each case has been trained on.
  public private(set) var visits: [Int]
  private var smoothed: [Double?]
  private var hardEpochs: [Int]
  /// Visits when a case became hard.
  private var visitsBefore: [Int]

  public init(caseCount: Int) {
    visits = Array(repeating: 0, count: caseCount)
    smoothed = Array(repeating: nil, count: caseCount)
    hardEpochs = visits
    visitsBefore = visits
  }

  /// Whether a stored state is one of so many cases.
  public func isConsistent(caseCount: Int) -> Bool {
    [visits.count, smoothed.count, hardEpochs.count, visitsBefore.count].allSatisfy { $0 == caseCount }
  }

  /// Takes note of the losses of a batch; not finite ones are left out.
  public mutating func record(losses: [Double], for cases: [Int]) {
    for (index, loss) in zip(cases, losses) where visits.indices.contains(index) && loss.isFinite {
      visits[index] += 1
      smoothed[index] = smoothed[index].map { Self.smoothing * $0 + (1 - Self.smoothing) * loss } ?? loss
    }
  }

  /// Ends an epoch.
  ///
  /// - Returns: the suspects, the hardest first.
  public mutating func endEpoch() -> [Suspect] {
    let known = smoothed.compactMap { $0 }
    guard let median = Self.median(known) else { return [] }
    let deviation = Self.median(known.map { abs($0 - median) }) ?? 0
    // For a normal distribution the standard deviation is 1.4826 times the median absolute deviation.
    let bar = median + Self.deviations * 1.4826 * deviation
    var suspects: [Suspect] = []
    for (index, loss) in smoothed.enumerated() {
      guard let loss, loss > bar else {
        hardEpochs[index] = 0
        visitsBefore[index] = visits[index]
        continue
      }
      hardEpochs[index] += 1
      if hardEpochs[index] >= Self.epochsNeeded, visits[index] - visitsBefore[index] >= Self.visitsNeeded {
        suspects.append(
          Suspect(index: index, loss: loss, median: median, visits: visits[index], epochs: hardEpochs[index]))
      }
    }
    return suspects.sorted { $0.loss > $1.loss }
  }

  private static func median(_ values: [Double]) -> Double? {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return nil }
    return sorted[(sorted.count - 1) / 2] / 2 + sorted[sorted.count / 2] / 2
  }
}
