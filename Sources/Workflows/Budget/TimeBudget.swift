import Datasets
import Files
import Foundation
import Planning
import Plans
import Tensors
import Training

/// Fits a plan into the time that there is for its training on this machine: what `hwsseg plan --hours` does.
public struct TimeBudget: Sendable {
  /// The plan that fits.
  public let plan: Plan
  /// What it gives up against the full plan, a phrase each.
  public let losses: [String]
  /// The seconds that a training step takes, with its share of the validation on patches.
  public let secondsPerStep: Double
  /// The seconds of the full plan's training; `nil` when it does not fit into the memory.
  public let fullSeconds: Double?
  /// Whether the learning rate and the momentum are those for few steps.
  public let isShort: Bool
  /// Whether the training gets ``fewestSteps`` steps.
  public let isEnough: Bool

  /// Fewer steps are hardly worth it: networks of nnU-Net's size have just learned where the organ is.
  public static let fewestSteps = 1000

  /// Up to this many steps, a training has a larger learning rate and less momentum than nnU-Net's, which are for
  /// 250,000 steps: velocities that take hundreds of steps to build up come too late in a short training. See
  /// `Documentation/evidence.md`, "Short budgets".
  static let shortTraining = 5000

  /// Times the steps of a plan and of smaller and smaller versions of it, until one has at least ``fewestSteps`` steps
  /// in the time. If none has, the smallest is taken.
  ///
  /// - Parameters:
  ///   - plan: The full plan.
  ///   - hours: The time of the training, without preprocessing before and predictions after it.
  ///   - description: The channels and labels of the data set.
  ///   - engine: What computes the convolutions.
  ///   - precision: The number format of activations and convolutions.
  ///   - report: Receives a line for each version that is timed.
  /// - Throws: `InputError` when the plan cannot be trained, or not even its smallest version fits into the memory.
  public init(
    _ plan: Plan, hours: Double, description: DatasetDescription, engine: Engine = .auto,
    precision: Precision = .float32, report: (String) -> Void = { _ in }
  ) throws {
    let reductions = PlanReduction.all(of: plan)
    var options = TrainingBenchmark.Options()
    (options.channels, options.outputChannels) = (description.channelNames.count, description.outputChannels)
    (options.engine, options.precision, options.steps) = (engine, precision, 3)
    var full: Double?
    for (index, reduction) in reductions.enumerated() {
      let isLast = index == reductions.count - 1
      let benchmark: TrainingBenchmark
      do {
        benchmark = try TrainingBenchmark(reduction.plan, options: options)
      } catch let error as InputError where error.subject == "memory" && !isLast {
        report("\(Self.name(reduction)): does not fit into the memory")
        continue
      }
      let settings = reduction.plan.training
      let perStep = benchmark.training / Double(settings.epochs * settings.iterationsPerEpoch)
      if index == 0 { full = benchmark.training }
      let steps = Int(hours * 3600 / perStep)
      report(
        "\(Self.name(reduction)): \(String(format: "%.2f", perStep)) s a step, \(steps) steps in \(Self.text(hours)) h")
      guard steps >= Self.fewestSteps || isLast else { continue }
      var fitted = reduction.plan
      Self.schedule(&fitted.training, steps: max(1, steps))
      fitted.training.hours = hours
      var losses = reduction.losses
      let planned = plan.training.epochs * plan.training.iterationsPerEpoch
      let own = fitted.training.epochs * fitted.training.iterationsPerEpoch
      if own < planned { losses.append("\(own) steps in place of \(planned)") }
      let isShort = own < planned && own <= Self.shortTraining && Self.isDefault(fitted.training)
      if isShort { (fitted.training.initialLearningRate, fitted.training.momentum) = (0.03, 0.95) }
      (self.plan, self.losses, self.isShort, secondsPerStep) = (fitted, losses, isShort, perStep)
      (fullSeconds, isEnough) = (full, steps >= Self.fewestSteps)
      return
    }
    preconditionFailure("the last version ends the loop")
  }

  /// Divides steps into epochs: as many iterations as the plan has in each where that gives at least 20 epochs, else 20
  /// epochs. Neither is ever more than the plan has.
  static func schedule(_ settings: inout TrainingSettings, steps: Int) {
    let planned = (epochs: settings.epochs, iterations: settings.iterationsPerEpoch)
    let share = Double(settings.validationIterations) / Double(planned.iterations)
    let iterations = min(planned.iterations, max(1, steps / min(20, planned.epochs)))
    settings.iterationsPerEpoch = iterations
    settings.epochs = min(planned.epochs, max(1, steps / iterations))
    settings.validationIterations = Int((share * Double(iterations)).rounded())
  }

  /// Whether learning rate and momentum are nnU-Net's, and not the user's.
  private static func isDefault(_ settings: TrainingSettings) -> Bool {
    let standard = TrainingSettings()
    return settings.initialLearningRate == standard.initialLearningRate && settings.momentum == standard.momentum
  }

  private static func name(_ reduction: PlanReduction) -> String {
    reduction.losses.isEmpty ? "The full plan" : reduction.losses.joined(separator: ", ")
  }

  private static func text(_ hours: Double) -> String { String(format: "%g", hours) }

  /// What to tell the user: what was given up, and why.
  public var explanation: String {
    guard !losses.isEmpty else { return "The full plan ends in time." }
    let full =
      fullSeconds.map { String(format: "would take %.1f hours", $0 / 3600) } ?? "does not fit into the memory"
    var text = "The full plan \(full). This one has \(losses.joined(separator: ", "))."
    if isShort {
      text +=
        " For so few steps the learning rate is \(plan.training.initialLearningRate) and the momentum"
        + " \(plan.training.momentum)."
    }
    if !isEnough {
      text +=
        " Even so it has fewer than \(Self.fewestSteps) steps: do not expect it to have learned much. Give it more"
        + " time or a faster machine."
    }
    return text
  }
}
