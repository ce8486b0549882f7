/// The training cases with the highest losses.
struct HardestTable {
  let table: ReportTable

  init(_ run: TrainingRun, count: Int) {
    let hasGroups = !run.groups.isEmpty
    let rows = run.hardest().prefix(count).map { item in
      ReportTable.Row(
        cells: [ReportTable.Cell(item.name)] + (hasGroups ? [ReportTable.Cell(item.group)] : []) + [
          ReportTable.Cell(number: item.loss, decimals: 3), ReportTable.Cell(number: item.standardError, decimals: 3),
          ReportTable.Cell("\(item.epochs)", Double(item.epochs)),
          ReportTable.Cell(number: item.probability, decimals: 4),
          ReportTable.Cell("\(item.draws)", Double(item.draws)),
        ])
    }
    let names = ["case"] + (hasGroups ? ["group"] : [])
    table = ReportTable(
      caption: "The hardest training cases",
      columns: names.map { ReportTable.Column(name: $0, isNumber: false) }
        + ["loss", "standard error", "epochs", "probability", "draws"].map {
          ReportTable.Column(name: $0, isNumber: true)
        },
      rows: Array(rows))
  }
}
