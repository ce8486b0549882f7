import Statistics

/// Simulated trainings of 160 cases, to try samplers on: what goes wrong in them is known.
///
/// The true hardness of the cases is normal with a standard deviation of 0.05. In all but `null`, the first tenth, the
/// group "hard", is harder by 0.1. The patches of a case have a noise of 0.05 more.
public enum SimulatedVisits: String, Sendable, CaseIterable {
  /// All cases are equally hard; the noise of their patches differs from 0.02 to 0.3. Ideal: uniform draws.
  case null
  /// Nothing moves: patches have next to no noise.
  case ideal
  /// The patches of the hard cases have a noise of 0.2. A sampler without memory forgets these cases.
  case starvation
  /// All losses fall by 1.5. A sampler that does not know the time takes old losses for high ones.
  case age
  /// Of every second case, hard or not, 70 % of the patches lack a class, and their loss is lower by 0.3.
  case kind

  static let caseCount = 160

  /// The group of each case, by its name.
  public static var groups: [String: String] {
    Dictionary(uniqueKeysWithValues: (0..<caseCount).map { (name($0), isHard($0) ? "hard" : "other") })
  }

  private static func isHard(_ index: Int) -> Bool { index < caseCount / 10 }

  private static func name(_ index: Int) -> String {
    let digits = String(index)
    return "case_" + String(repeating: "0", count: 3 - digits.count) + digits
  }

  /// The true hardness of each case, by its name.
  ///
  /// - Parameter seed: The seed of hardness and noise.
  public func truth(seed: UInt64) -> [String: Double] {
    var random = CounterRandom(seed: seed)
    let hardness = hardness(using: &random)
    return Dictionary(uniqueKeysWithValues: hardness.indices.map { (Self.name($0), hardness[$0]) })
  }

  private func hardness(using random: inout CounterRandom) -> [Double] {
    (0..<Self.caseCount).map { index in
      self == .null ? 0 : 0.05 * random.preciseNormals().0 + (Self.isHard(index) ? 0.1 : 0)
    }
  }

  /// The visits that each case would have at every step.
  ///
  /// - Parameters:
  ///   - steps: The number of steps, in batches of two.
  ///   - seed: The seed of hardness and noise.
  public func visits(steps: Int, seed: UInt64) -> VisitTable {
    var random = CounterRandom(seed: seed)
    let hardness = hardness(using: &random)
    let noise = (0..<Self.caseCount).map { index -> Double in
      switch self {
      case .null: 0.02 + 0.28 * random.uniform()
      case .ideal: 0.001
      case .starvation: Self.isHard(index) ? 0.2 : 0.05
      case .age, .kind: 0.05
      }
    }
    let entries = (0..<Self.caseCount).map { index in
      (0..<steps).map { step in
        let fall = self == .age ? 1.5 * Double(step) / Double(steps) : 0
        let lacksClass = self == .kind && index % 2 == 1 && random.uniform() < 0.7
        let loss = hardness[index] + noise[index] * random.preciseNormals().0 - fall - (lacksClass ? 0.3 : 0)
        return VisitTable.Entry(
          step: step, loss: loss, crossEntropy: loss, softDice: nil, kind: lacksClass ? 2 : 0)
      }
    }
    return VisitTable(
      caseNames: (0..<Self.caseCount).map(Self.name), steps: steps, batchSize: 2, entries: entries)
  }
}
