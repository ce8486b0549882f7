import ArgumentParser
import Charts
import Datasets
import Files
import Foundation
import Plans
import Training

/// `hwsseg replay`: tries a sampler's settings on the recorded visits of a training.
struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Tries a sampler's settings on the recorded visits of a training, without a network.",
    discussion: """
      In place of a training, --simulate takes a simulated one: 160 cases, of which the first tenth is harder (but for \
      null), drawn in batches of two.

      Whenever the sampler draws a case, it is told what the recorded visit of that case nearest in time has shown. \
      Prints each group's share of the draws in ten parts of the training, the effective sample size, how old the \
      sampler's knowledge is, and the rank correlation of its probabilities with the cases' mean hardness. Other draws \
      would have taught the network otherwise; replay does not know that.
      """)

  @Argument(help: "The model folder of a training, or its visits.csv.")
  var visits: URL?

  @Option(
    help: """
      A simulated training: null (cases differ by noise alone), ideal (no noise), starvation (noisy hard cases), age \
      (falling losses), or kind (a class is often absent).
      """)
  var simulate: SimulatedVisits?

  @Option(help: "The steps of a simulated training.")
  var steps = 4000

  @Option(help: "The plan whose training.sampler is replayed; the model folder's when left out.")
  var plan: URL?

  @OptionGroup(title: "Changes to the plan") var preset: SamplerPreset
  @OptionGroup(title: "Changes to the plan") var sampler: SamplerOverrides

  @OptionGroup(title: "Changes to the plan") var changes: PlanChanges

  @Option(help: "A table with the columns case and group; without it, there are no shares of groups.")
  var groups: URL?

  @Option(
    help: """
      How hard each case is: the cases.csv of an evaluation of the training cases, or a sampler.csv; their mean \
      deviation when left out.
      """)
  var truth: URL?

  @Option(help: "A file for a plot of the groups' shares and of the effective sample size, SVG.")
  var plot: URL?

  @Option(help: "The seed of the sampler.")
  var seed: UInt64 = 1

  @Flag(help: "Print JSON.")
  var json = false

  /// Where the visits come from.
  private enum Source {
    case recording(URL)
    case simulation(SimulatedVisits, plan: URL)
  }

  private func source() throws -> Source {
    switch (visits, simulate, plan) {
    case (let visits?, nil, _): return .recording(visits)
    case (nil, let simulate?, let plan?): return .simulation(simulate, plan: plan)
    case (nil, _?, nil): throw ValidationError("--simulate needs a --plan")
    case (nil, nil, _), (_?, _?, _):
      throw ValidationError("name either the model folder of a training, or --simulate and a kind of training")
    }
  }

  func validate() throws {
    _ = try source()
    guard 10...100_000 ~= steps else { throw ValidationError("--steps must be from 10 to 100000") }
  }

  func run() throws {
    let table: VisitTable
    var plan: Plan
    switch try source() {
    case .recording(let visits):
      let isTable = visits.pathExtension == "csv"
      let folder = ModelFolder(isTable ? visits.deletingLastPathComponent() : visits)
      table = try VisitTable(contentsOf: isTable ? visits : folder.visits)
      plan = try self.plan.map { try Plan.read($0) } ?? folder.readPlan()
    case .simulation(let simulated, let file):
      table = simulated.visits(steps: steps, seed: seed)
      plan = try Plan.read(file)
    }
    try sampler.apply(changes, preset: preset, to: &plan)
    let settings = plan.training.sampler
    let replay = try SamplerReplay(
      table, settings: settings, groups: groups(of: table.caseNames, column: settings.groupColumn), seed: seed,
      truth: truth.map { try HardnessScores($0).scores } ?? simulate?.truth(seed: seed))
    if let plot { try AtomicFile.replace(plot, with: chart(of: replay, settings).svg()) }
    json ? printJSON(replay) : printTable(replay, table, settings)
  }

  /// The group of each case that has one: those of the simulation, or those of the table.
  private func groups(of cases: [String], column: String) throws -> [String: String] {
    guard simulate == nil else { return SimulatedVisits.groups }
    let table = try groups.map { try CaseTable(contentsOf: $0) }
    return cases.reduce(into: [:]) { $0[$1] = table?.value(column, of: $1) }
  }

  private func printTable(_ replay: SamplerReplay, _ table: VisitTable, _ settings: SamplerSettings) {
    func row(_ name: String, _ values: [Double]) {
      print(
        name.padding(toLength: 24, withPad: " ", startingAt: 0) + values.map { String(format: "%6.3f", $0) }.joined())
    }
    let cases = table.caseNames.count
    print("\(table.steps) steps of \(table.batchSize) from \(cases) cases, sampler \(settings.name.rawValue)")
    print("In ten parts of the training:")
    for (group, cases, shares) in replay.groupShares {
      row("draws of \(group)", shares)
      row("  its share of the cases", [Double(cases) / Double(table.caseNames.count)])
    }
    row("effective sample size", replay.effectiveShares)
    print(String(format: "Steps since a case was drawn: %.1f on average", replay.staleness))
    print(
      "Rank correlation with the cases' hardness: "
        + (replay.rankCorrelation.map { String(format: "%.2f", $0) } ?? "none"))
  }

  /// The shares over the training, each at the middle of its part.
  private func chart(of replay: SamplerReplay, _ settings: SamplerSettings) -> LineChart {
    func line(_ name: String, _ shares: [Double]) -> LineChart.Series {
      LineChart.Series(
        name, shares.enumerated().map { LineChart.Point((Double($0.offset) + 0.5) / Double(shares.count), $0.element) })
    }
    return LineChart(
      "Draws by \(settings.name.rawValue)", x: Axis("part of the training", range: 0...1),
      y: Axis("share", range: 0...1),
      series: replay.groupShares.map { line("draws of \($0.group)", $0.shares) }
        + [line("effective sample size", replay.effectiveShares)])
  }

  private func printJSON(_ replay: SamplerReplay) {
    let groups = replay.groupShares.map { ($0.group, JSON.numbers($0.shares)) }
    let members: [(String, JSON)] = [
      ("group_draws", .object(JSONObject(groups))), ("effective_sample_size", .numbers(replay.effectiveShares)),
      ("staleness", .number(replay.staleness)),
      ("rank_correlation", replay.rankCorrelation.map { .number($0) } ?? .null), ("draws", .integers(replay.draws)),
    ]
    print(JSON.object(JSONObject(members)).text, terminator: "")
  }
}

extension SimulatedVisits: ExpressibleByArgument {}
