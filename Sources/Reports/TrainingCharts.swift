import Charts

/// The pictures of a training: what the network learned, and what the sampler showed it.
struct TrainingCharts {
  let run: TrainingRun
  /// Groups in the order of their colors in the charts of the evaluation.
  let groups: [String]

  /// The losses, the pseudo Dice, and the scores of whole validation cases over epochs.
  func learning() -> [LineChart] {
    let labels = run.log.map(\.name).filter { $0.hasPrefix("pseudo_dice_") }
    return [
      chart("Loss", "loss", [series("training", "train_loss"), series("validation", "validation_loss")]),
      chart(
        "Pseudo Dice in validation patches", "Dice",
        labels.map { series(String($0.dropFirst("pseudo_dice_".count)), $0) }),
      chart(
        "Dice of whole validation cases", "Dice",
        [series("mean", "selection_mean"), series("selection score", "selection_score")]),
    ].filter { $0.series.contains { !$0.points.isEmpty } }
  }

  /// What was drawn, and with which probability, over epochs; only the effective number of cases without groups.
  func sampling() -> [LineChart] {
    // A group has the color that it has in the evaluation.
    let colors = groups + run.groups.filter { !groups.contains($0) }
    let shown = colors.enumerated().filter { run.groups.contains($0.element) }
    // Without a choice of the sampler, this is the number of training cases in every epoch.
    let effective = chart("Effective number of cases", "cases", [series("", "effective_cases")])
    if shown.isEmpty { return [effective] }
    let draws = shown.map { series($0.element, "draws_\($0.element)", color: $0.offset) }
    let probabilities = shown.map { color, group in
      let points = run.sums(of: group) { $0.probability }.map { LineChart.Point($0.epoch, $0.value) }
      return LineChart.Series(group, points, color: color)
    }
    return [
      chart("Share of the draws by group", "share", draws),
      chart("Probability at the end of the epoch by group", "probability", probabilities), effective,
    ]
  }

  private func series(_ name: String, _ column: String, color: Int? = nil) -> LineChart.Series {
    LineChart.Series(name, run.points(column).map { LineChart.Point($0.epoch, $0.value) }, color: color)
  }

  private func chart(_ title: String, _ value: String, _ series: [LineChart.Series]) -> LineChart {
    LineChart(title, x: Axis("epoch"), y: Axis(value), series: series.filter { !$0.points.isEmpty })
  }
}
