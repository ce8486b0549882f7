import Statistics

extension ScoreTable {
  /// The tables of several trainings with scores only where all of them have one.
  ///
  /// - Parameter tables: Tables of the same cases and labels in the same order.
  static func common(_ tables: [ScoreTable]) -> [ScoreTable] {
    guard tables.count > 1 else { return tables }
    let isScored = tables[0].values.indices.map { label in
      tables[0].caseNames.indices.map { index in tables.allSatisfy { !$0.values[label][index].isNaN } }
    }
    return tables.map { table in
      var table = table
      table.values = zip(table.values, isScored).map { zip($0, $1).map { $1 ? $0 : .nan } }
      return table
    }
  }

  /// Each case's mean score over several trainings of a method; NaN where one of them has no score.
  ///
  /// - Parameter tables: At least one table, all of the same cases and labels in the same order.
  static func mean(_ tables: [ScoreTable]) -> ScoreTable {
    guard tables.count > 1 else { return tables[0] }
    var mean = tables[0]
    mean.values = mean.values.indices.map { label in LabelDifference.overRuns(tables.map { $0.values[label] }) }
    return mean
  }

  /// The table with the labels in the order of another table, and with its groups.
  func aligned(with reference: ScoreTable) -> ScoreTable {
    let order = reference.labels.map { labels.firstIndex(of: $0) ?? 0 }
    var aligned = reference
    aligned.values = order.map { values[$0] }
    aligned.failureThreshold = failureThreshold
    return aligned
  }
}
