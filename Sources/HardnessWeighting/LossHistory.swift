/// The losses of each case during training, and the cases that stay hard however often they are trained on.
///
/// Such suspects are hard patients or cases with wrong labels; a person has to decide which. The loss of each case is
/// smoothed over its visits: `smoothed ← 0.7 · smoothed + 0.3 · loss`. At the end of an epoch, a case is hard when
///
///     smoothed > median + 3 · 1.4826 · MAD
///
/// where the median and the median absolute deviation (MAD) are taken over all visited cases (Leys et al.,
/// "Detecting outliers", 2013). It is a suspect once it has been hard for at least three epochs in a row, with at least
/// five visits in that time.
public struct LossHistory: Codable, Sendable, Equatable {
  /// A case that stays hard however often it is trained on.
  public struct Suspect: Sendable, Equatable {
    /// The index of the case.
    public let index: Int
    /// The smoothed loss of the case.
    public let loss: Double
    /// The median of the smoothed losses of all visited cases.
    public let median: Double
    /// The number of visits since training began.
    public let visits: Int
    /// The number of epochs in a row for which the case has been hard.
    public let epochs: Int
  }

  private static let smoothing = 0.7
  private static let deviations = 3.0
  private static let minimumEpochs = 3
  private static let minimumVisits = 5

  /// The number of visits of each case.
  public private(set) var visits: [Int]
  /// The loss of each case at its last visit; `nil` for an unvisited case.
  public private(set) var lastLosses: [Double?]
  /// The smoothed loss of each case; `nil` for an unvisited case.
  private var smoothed: [Double?]
  /// The number of epochs in a row for which each case has been hard.
  private var hardEpochs: [Int]
  /// The number of visits of each case before it became hard.
  private var visitsBefore: [Int]

  /// Creates a history for cases none of which has been visited.
  public init(caseCount: Int) {
    visits = Array(repeating: 0, count: caseCount)
    lastLosses = Array(repeating: nil, count: caseCount)
    smoothed = Array(repeating: nil, count: caseCount)
    hardEpochs = visits
    visitsBefore = visits
  }

  /// Numbers of visits or epochs that can occur; from all of them one can count on.
  static let counts = 0...1 << 40

  /// Whether the history, which may have been decoded, is one of the given number of cases, with numbers that can
  /// occur.
  public func isConsistent(caseCount: Int) -> Bool {
    [visits.count, lastLosses.count, smoothed.count, hardEpochs.count, visitsBefore.count].allSatisfy {
      $0 == caseCount
    }
      && [visits, hardEpochs, visitsBefore].joined().allSatisfy(Self.counts.contains)
      && [lastLosses, smoothed].joined().allSatisfy { $0?.isFinite ?? true }
  }

  /// Decodes a history.
  ///
  /// When the stored history has no last losses, the smoothed ones take their place.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    visits = try values.decode([Int].self, forKey: .visits)
    smoothed = try values.decode([Double?].self, forKey: .smoothed)
    hardEpochs = try values.decode([Int].self, forKey: .hardEpochs)
    visitsBefore = try values.decode([Int].self, forKey: .visitsBefore)
    lastLosses = try values.decodeIfPresent([Double?].self, forKey: .lastLosses) ?? smoothed
  }

  /// Records the losses of a batch.
  ///
  /// Losses that are not finite and cases that do not exist are ignored.
  public mutating func record(losses: [Double], for cases: [Int]) {
    for (index, loss) in zip(cases, losses) where visits.indices.contains(index) && loss.isFinite {
      visits[index] += 1
      lastLosses[index] = loss
      smoothed[index] = smoothed[index].map { Self.smoothing * $0 + (1 - Self.smoothing) * loss } ?? loss
    }
  }

  /// Ends an epoch and looks for suspects.
  ///
  /// - Returns: The suspects, in order of falling loss.
  public mutating func endEpoch() -> [Suspect] {
    let known = smoothed.compactMap { $0 }
    guard let median = Self.median(known) else { return [] }
    let deviation = Self.median(known.map { abs($0 - median) }) ?? 0
    // For a normal distribution the standard deviation is 1.4826 times the median absolute deviation.
    let threshold = median + Self.deviations * 1.4826 * deviation
    var suspects: [Suspect] = []
    for (index, loss) in smoothed.enumerated() {
      guard let loss, loss > threshold else {
        hardEpochs[index] = 0
        visitsBefore[index] = visits[index]
        continue
      }
      hardEpochs[index] += 1
      if hardEpochs[index] >= Self.minimumEpochs, visits[index] - visitsBefore[index] >= Self.minimumVisits {
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
