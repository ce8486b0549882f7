/// What each case has lost in training: its last loss, and a loss smoothed over its visits. Names the cases that stay
/// hard however often they are trained on. These are hard patients or cases with wrong labels: a person has to look.
///
/// A case is hard when its smoothed loss is more than three standard deviations above the median of all cases, the
/// standard deviation being estimated by the median absolute deviation (Leys et al., "Detecting outliers", 2013). It is
/// a suspect when it has been hard at the end of three epochs in a row, with at least five visits in that time.
public struct LossHistory: Codable, Sendable, Equatable {
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
  /// The loss each case had when it was last trained on; `nil` for one that has not been.
  public private(set) var lastLosses: [Double?]
  private var smoothed: [Double?]
  private var hardEpochs: [Int]
  /// Visits when a case became hard.
  private var visitsBefore: [Int]

  public init(caseCount: Int) {
    visits = Array(repeating: 0, count: caseCount)
    lastLosses = Array(repeating: nil, count: caseCount)
    smoothed = Array(repeating: nil, count: caseCount)
    hardEpochs = visits
    visitsBefore = visits
  }

  /// Whether a stored state is one of so many cases.
  public func isConsistent(caseCount: Int) -> Bool {
    [visits.count, lastLosses.count, smoothed.count, hardEpochs.count, visitsBefore.count].allSatisfy {
      $0 == caseCount
    }
  }

  /// Decodes a history. One of a version without last losses has the smoothed ones in their place.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    visits = try values.decode([Int].self, forKey: .visits)
    smoothed = try values.decode([Double?].self, forKey: .smoothed)
    hardEpochs = try values.decode([Int].self, forKey: .hardEpochs)
    visitsBefore = try values.decode([Int].self, forKey: .visitsBefore)
    lastLosses = try values.decodeIfPresent([Double?].self, forKey: .lastLosses) ?? smoothed
  }

  /// Records the losses of a batch; those that are not finite are left out.
  public mutating func record(losses: [Double], for cases: [Int]) {
    for (index, loss) in zip(cases, losses) where visits.indices.contains(index) && loss.isFinite {
      visits[index] += 1
      lastLosses[index] = loss
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
