/// The mean of what the samples of each group have shown in an epoch.
struct GroupMeans: Codable, Equatable {
  private var sums: [String: Double] = [:]
  private var counts: [String: Int] = [:]

  /// Whether the sums and the numbers belong together.
  var isConsistent: Bool {
    sums.values.allSatisfy(\.isFinite) && Set(sums.keys) == Set(counts.keys) && counts.values.allSatisfy { $0 > 0 }
  }

  mutating func add(_ value: Double, to group: String) {
    sums[group, default: 0] += value
    counts[group, default: 0] += 1
  }

  /// Returns the means with names that begin with `prefix`, and starts anew.
  mutating func end(prefix: String) -> [String: Double] {
    let means = counts.map { (prefix + $0, (sums[$0] ?? 0) / Double($1)) }
    self = GroupMeans()
    return Dictionary(uniqueKeysWithValues: means)
  }
}
