import Files
import Foundation
import Perturbations
import Plans
import Statistics

/// Adversarial training against shifts of the acquisition: some samples of each step are perturbed so that their loss
/// rises, as another scanner might do it.
///
/// It takes the maximum over perturbation sets (Wong and Kolter, 2020) approximately, either by the worst of several
/// draws or, as in the saddle-point system of Esfandiari et al. (2019, <https://arxiv.org/abs/1910.08623>), by one step
/// of ascent on the perturbations for each step of descent on the weights. For the latter, each case keeps the
/// parameters of each kind between its visits.
package struct Adversarial: TrainingMethod {
  package struct State: Codable {
    /// The parameters that are climbed on, by kind and then by case.
    var directions: [String: [Int: [Double]]] = [:]
    /// The sum of the losses of this epoch's perturbed samples, and their number.
    var lossSum = 0.0
    var samples = 0
    /// The sum of what choosing has gained over the trials, and the number of samples with trials.
    var gainSum = 0.0
    var searched = 0
  }

  package let name = "adversarial"
  package private(set) var state = State()
  /// The state after the step under way.
  private var next: State?
  /// The samples that are perturbed in the step under way, and the mean loss of their trials.
  private var perturbed: [(position: Int, tried: Double?)] = []
  private let settings: AdversarialSettings
  private let caseCount: Int
  private let spacing: [Double]
  private let seed: UInt64

  /// - Parameters:
  ///   - settings: What is perturbed, and how.
  ///   - caseCount: The number of training cases.
  ///   - spacing: The distance between the voxel centers of patches along (z, y, x), in mm.
  ///   - seed: The seed of the training.
  package init(_ settings: AdversarialSettings, caseCount: Int, spacing: [Double], seed: UInt64) {
    (self.settings, self.caseCount, self.spacing, self.seed) = (settings, caseCount, spacing, seed)
  }

  package mutating func restore(_ state: State, from file: URL) throws {
    let isUsable = state.directions.allSatisfy { name, cases in
      let kind = settings.kinds.first { $0.rawValue == name }?.perturbation
      let count = kind?.parameters.count(where: \.isDirection)
      return cases.allSatisfy { index, values in
        0..<caseCount ~= index && values.count == count && values.allSatisfy { abs($0) <= 1 }
      }
    }
    guard isUsable, state.lossSum.isFinite, state.gainSum.isFinite, state.searched >= 0,
      state.searched <= state.samples
    else {
      throw InputError(
        file.path, found: "no usable state of the adversarial training", expected: "that of a run by the same plan",
        advice: "Start a new run in another folder.")
    }
    self.state = state
  }

  package mutating func prepare(_ step: inout TrainingStep) throws {
    (next, perturbed) = (state, [])
    guard settings.severity > 0 else { return }
    let size = step.images.count / step.cases.count
    var searches: [(position: Int, patch: NormalizedPatch, search: PerturbationSearch)] = []
    for position in step.cases.indices {
      var random = CounterRandom(seed: seed, iteration: step.iteration, position: position, purpose: .adversarial)
      guard random.chance(settings.share) else { continue }
      let patch = NormalizedPatch(
        step.images[position * size..<(position + 1) * size], shape: step.network.patch, spacing: spacing)
      searches.append((position, patch, search(step.cases[position], using: &random)))
    }
    var losses = try step.losses(
      of: searches.flatMap { position, patch, search in
        search.trials.map { Trial(position: position, patch: patch, perturbation: $0) }
      })[...]
    for (position, patch, search) in searches {
      let tried = Array(losses.prefix(search.trials.count))
      losses = losses.dropFirst(tried.count)
      let perturbation = search.choice(tried)
      step.write(patch, changedBy: perturbation, to: position, of: &step.images)
      perturbed.append((position, tried.isEmpty ? nil : SampleMoments.mean(tried)))
      if settings.mode == .ascent, !perturbation.directions.isEmpty {
        next?.directions[perturbation.set.kind.rawValue, default: [:]][step.cases[position]] = perturbation.directions
      }
    }
  }

  /// Draws the kind for a sample, and begins the search.
  private func search(_ index: Int, using random: inout CounterRandom) -> PerturbationSearch {
    let kind = settings.kinds[random.integer(0, settings.kinds.count - 1)]
    let set = PerturbationSet(kind.perturbation, severity: settings.severity)
    return switch settings.mode {
    case .ascent:
      .ascent(
        from: state.directions[kind.rawValue]?[index], in: set, stepSize: settings.stepSize, using: &random)
    case .worstOf: .worst(of: settings.tries, in: set, using: &random)
    }
  }

  /// Only looks at the losses; the weights stay.
  package mutating func weigh(_ step: inout TrainingStep) {
    for (position, tried) in perturbed {
      next?.samples += 1
      next?.lossSum += step.losses[position]
      guard let tried else { continue }
      next?.searched += 1
      next?.gainSum += step.losses[position] - tried
    }
  }

  package mutating func stepDone() {
    if let next { state = next }
    next = nil
  }

  /// The mean loss of the epoch's perturbed samples, and what it is more than the mean loss of their trials.
  package mutating func endEpoch() -> [String: Double] {
    var values: [String: Double] = [:]
    if state.samples > 0 { values["adversarial_loss"] = state.lossSum / Double(state.samples) }
    if state.searched > 0 { values["adversarial_gain"] = state.gainSum / Double(state.searched) }
    (state.lossSum, state.samples, state.gainSum, state.searched) = (0, 0, 0, 0)
    return values
  }
}

extension AdversarialSettings.Kind {
  /// The kind as perturbations name it.
  var perturbation: PerturbationKind {
    switch self {
    case .contrast: .contrast
    case .inversion: .inversion
    case .bias: .bias
    case .noise: .noise
    case .slices: .slices
    case .ghosting: .ghosting
    }
  }
}
