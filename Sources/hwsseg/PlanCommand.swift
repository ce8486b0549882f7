import ArgumentParser
import Datasets
import Files
import Foundation
import Planning
import Tensors
import Threads
import Training
import Workflows

/// `hwsseg plan`: looks at a data set and plans spacing, patch, batch and network.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Looks at a data set and plans spacing, patch, batch and network.",
    discussion: "With --fingerprint and --dataset-json no images are needed.")

  @Argument(help: "A data set's folder in nnU-Net's raw layout.")
  var dataset: URL?

  @Option(help: "The dataset_fingerprint.json of an earlier run.")
  var fingerprint: URL?

  @Option(help: "The dataset.json that belongs to the fingerprint.")
  var datasetJson: URL?

  @Option(name: .shortAndLong, help: "The plan file; plans.json in the data set's folder when left out.")
  var output: URL?

  @Option(help: "nnU-Net's default planner or its residual encoders, or published settings for a kind of data set.")
  var preset = Preset.default

  @Option(
    help: ArgumentHelp(
      "Memory that training may take on nnU-Net's scale, in GB.",
      discussion: "8 when left out; 24 with resenc-l and 40 with resenc-xl."))
  var memory: Double?

  @Option(
    help: ArgumentHelp(
      "Hours that training may take on this machine.",
      discussion: "Steps are timed, and batch, features, patch and epochs become smaller until it ends in time."))
  var hours: Double?

  @Option(help: "Threads that training will use, for --hours; one for each core when left out.") var threads: Int?
  @Option(help: "The number format of activations and convolutions, for --hours.") var precision = Precision.float32

  @OptionGroup(title: "Changes to the plan") var overrides: PlanOverrides

  func validate() throws {
    guard hours.map({ $0 > 0 && $0 <= 1e6 }) ?? true else {
      throw ValidationError("--hours must be more than 0 and at most 1000000")
    }
    guard 1...1024 ~= threads ?? 1 else { throw ValidationError("--threads must be 1 to 1024") }
    guard (dataset != nil) != (fingerprint != nil && datasetJson != nil) else {
      throw ValidationError("give either a data set's folder, or --fingerprint with --dataset-json")
    }
    guard dataset != nil || output != nil else { throw ValidationError("--fingerprint needs -o PLAN") }
  }

  func run() throws {
    let planner = try ExperimentPlanner(memoryGB: memory, preset: preset)
    let description: DatasetDescription
    let measured: Fingerprint
    let name: String
    let target: URL
    if let fingerprint, let datasetJson {
      description = try DatasetDescription(contentsOf: datasetJson)
      measured = try Fingerprint(contentsOf: fingerprint)
      name = datasetJson.standardizedFileURL.deletingLastPathComponent().lastPathComponent
      target = output ?? fingerprint
    } else if let dataset {
      let raw = try RawDataset(dataset)
      (description, name) = (raw.description, raw.name)
      target = output ?? dataset.appendingPathComponent("plans.json")
      print("Looking at \(raw.cases.count) cases")
      measured = try Fingerprint.extract(raw)
      try measured.write(to: target.deletingLastPathComponent().appendingPathComponent("dataset_fingerprint.json"))
    } else {
      return
    }
    var plan = try planner.plan(measured, description, datasetName: name)
    try overrides.apply(to: &plan, for: description)
    if let hours {
      if let threads { Parallel.limit(to: threads) }
      let budget = try TimeBudget(plan, hours: hours, description: description, precision: precision) { print($0) }
      plan = budget.plan
      print(budget.explanation)
    }
    try plan.write(to: target)
    InspectCommand.show(Inspection.facts(of: plan))
    // Plans for slices cannot be trained yet.
    if let memory = try? TrainingMemory(
      plan, inputChannels: description.channelNames.count, outputChannels: description.outputChannels)
    {
      print(
        "Training needs about \(ByteCount.text(memory.total)) of memory; "
          + "this machine has \(ByteCount.text(AvailableMemory.bytes)) available.")
    }
    print("Plan written to \(target.relativePath)")
  }
}

extension Preset: ExpressibleByArgument {}
