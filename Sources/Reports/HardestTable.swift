/// The training cases that are hardest, and how certain that is.
struct HardestTable {
  let table: ReportTable
  /// What hardness is here.
  let text: String

  init(_ run: TrainingRun, count: Int) {
    let estimated = run.estimates()
    if estimated.isEmpty {
      text = """
        The hardest cases are those with the highest mean loss in the last epochs in which they were drawn, ten at \
        most. Losses that differ by less than two standard errors say little about which case is harder.
        """
      table = Self.table(run, run.hardest().prefix(count), ["loss", "standard error", "epochs"]) { item in
        [
          ReportTable.Cell(number: item.hardness, decimals: 3),
          ReportTable.Cell(number: item.standardError, decimals: 3),
          ReportTable.Cell("\(item.epochs)", Double(item.epochs)),
        ]
      }
    } else {
      let hasScores = estimated.contains { !$0.score.isNaN }
      text = """
        The hardest cases are those with the highest hardness as the sampler estimated it at the end\
        \(hasScores ? "; the score is that of the prediction of the whole case" : ""). Estimates that differ by less \
        than two standard errors say little about which case is harder.
        """
      let names = ["hardness", "standard error"] + (hasScores ? ["score"] : [])
      table = Self.table(run, estimated.prefix(count), names) { item in
        [
          ReportTable.Cell(number: item.hardness, decimals: 3),
          ReportTable.Cell(number: item.standardError, decimals: 3),
        ] + (hasScores ? [ReportTable.Cell(number: item.score, decimals: 3)] : [])
      }
    }
  }

  private static func table(
    _ run: TrainingRun, _ cases: some Collection<TrainingRun.Hardness>, _ names: [String],
    _ cells: (TrainingRun.Hardness) -> [ReportTable.Cell]
  ) -> ReportTable {
    let hasGroups = !run.groups.isEmpty
    return ReportTable(
      caption: "The hardest training cases",
      columns: ReportTable.columns(
        ["case"] + (hasGroups ? ["group"] : []), numbers: names + ["probability", "draws"]),
      rows: cases.map { item in
        ReportTable.Row(
          cells: [ReportTable.Cell(item.name)] + (hasGroups ? [ReportTable.Cell(item.group)] : []) + cells(item) + [
            ReportTable.Cell(number: item.probability, decimals: 4),
            ReportTable.Cell("\(item.draws)", Double(item.draws)),
          ])
      })
  }
}
