import Foundation
import Testing

@testable import HardnessWeighting

/// Guards the draws: probabilities and frequencies against a full softmax, for every option.
struct HardnessWeightedSamplerTests {
  /// Options with random parameters; the trials cover all combinations of floor, cap, memory and replacement.
  private func options(_ trial: Int, count: Int, _ random: inout TestRandom) -> HardnessOptions {
    var options = HardnessOptions(beta: .fixed([0, 1, 10, 100, 1e6, .infinity][trial % 6]))
    switch trial / 6 % 3 {
    case 0: options.floor = .none
    case 1: options.floor = .minimum([1e-4, 0.3, 1].randomElement(using: &random) ?? 1)
    default: options.floor = .uniformShare(Double.random(in: 0...0.9, using: &random))
    }
    if trial % 2 == 1 { options.cap = Double.random(in: 1 / Double(count)...1, using: &random) }
    options.memory =
      trial % 5 < 3
      ? .momentum([0, 0.5, 0.9][trial % 5]) : .runningMean(decay: Double.random(in: 0.1...0.99, using: &random))
    options.replacement = trial % 4 < 2
    return options
  }

  /// In 3000 samplers with random losses, options and updates, the probabilities match the definition to 1e-12, and the
  /// losses match the update rules.
  @Test func probabilitiesMatchTheDefinition() throws {
    var random = TestRandom(4)
    for trial in 0..<3000 {
      let count = Int.random(in: 1...30, using: &random)
      let options = options(trial, count: count, &random)
      let scale = [0.01, 1, 1000][trial % 3]
      var losses = (0..<count).map { _ in scale * Double.random(in: -1...1, using: &random) }
      var visits = Array(repeating: 1.0, count: count)
      var sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: UInt64(trial))
      for _ in 0..<Int.random(in: 0...5, using: &random) {
        let index = Int.random(in: 0..<count, using: &random)
        let loss = scale * Double.random(in: -1...1, using: &random)
        try sampler.record(losses: [loss], for: [index])
        visits[index] += 1
        switch options.memory {
        case .momentum(let momentum): losses[index] = momentum * losses[index] + (1 - momentum) * loss
        case .runningMean(let decay):
          losses[index] += (1 - decay) / (1 - pow(decay, visits[index])) * (loss - losses[index])
        case .estimate: Issue.record("estimates are tested elsewhere")
        }
      }
      for (found, loss) in zip(sampler.losses, losses) { #expect(abs((found ?? .nan) - loss) <= 1e-12 * scale) }
      let known = sampler.losses.map { $0 ?? .nan }
      guard case .fixed(let beta) = options.beta else { continue }
      let expected = FullSoftmax.probabilities(known, beta: beta, options: options)
      let found = sampler.probabilities
      for index in 0..<count { #expect(abs(found[index] - expected[index]) <= 1e-12) }
      if let cap = options.cap { #expect(found.allSatisfy { $0 <= cap + 1e-12 }) }
    }
  }

  private let losses = [0.1, 0.5, 0.3, 0.9, 0.7, 0.45]

  /// Options whose draws are counted: each floor, without a cap and with one that takes effect.
  private static let countedOptions: [HardnessOptions] = {
    var all: [HardnessOptions] = []
    for floor in [HardnessOptions.Floor.none, .minimum(0.5), .uniformShare(0.3)] {
      for cap in [nil, 0.28] {
        var options = HardnessOptions(beta: .fixed(4))
        options.floor = floor
        options.cap = cap
        all.append(options)
      }
    }
    return all
  }()

  /// With replacement, each case is drawn as often as its probability says: χ² at 1e-4.
  @Test(arguments: countedOptions) func frequenciesWithReplacement(options: HardnessOptions) throws {
    var sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: 7)
    let expected = FullSoftmax.probabilities(losses, beta: 4, options: options)
    var counts = Array(repeating: 0.0, count: 6)
    for _ in 0..<10_000 { for index in try sampler.draw(3) { counts[index] += 1 } }
    #expect(ChiSquare.statistic(counts, expected) < ChiSquare.limit(degrees: 5))
  }

  /// Without replacement, the ordered pair (i, j) is drawn with probability p_i · p_j / (1 − p_i): χ² at 1e-4.
  @Test(arguments: countedOptions) func frequenciesWithoutReplacement(options: HardnessOptions) throws {
    var options = options
    options.replacement = false
    var sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: 3)
    let p = FullSoftmax.probabilities(losses, beta: 4, options: options)
    var counts = Array(repeating: 0.0, count: 36)
    for _ in 0..<20_000 {
      let batch = try sampler.draw(2)
      counts[batch[0] * 6 + batch[1]] += 1
    }
    let expected = (0..<36).map { pair -> Double in
      let (first, second) = (pair / 6, pair % 6)
      return first == second ? 0 : p[first] * p[second] / (1 - p[first])
    }
    #expect(ChiSquare.statistic(counts, expected) < ChiSquare.limit(degrees: 29))
  }

  /// When one case has all the weight, the second draw goes to the others in proportion to their weights.
  @Test func remainingCasesKeepTheirProportions() throws {
    var options = HardnessOptions(beta: .fixed(1))
    options.replacement = false
    var sampler = try HardnessWeightedSampler(losses: [1e6, 0, 1, 2], options: options, seed: 5)
    let expected = FullSoftmax.softmax([0, 1, 2], beta: 1)
    var counts = [0.0, 0, 0]
    for _ in 0..<10_000 {
      let batch = try sampler.draw(2)
      #expect(batch[0] == 0)
      counts[batch[1] - 1] += 1
    }
    #expect(ChiSquare.statistic(counts, expected) < ChiSquare.limit(degrees: 2))
  }

  /// β = 0 is uniform; β = ∞ draws the hardest cases alone, equal ones equally often.
  @Test func limitsOfBeta() throws {
    let uniform = try HardnessWeightedSampler(
      losses: [0, 1000, -1e308, 1e308], options: HardnessOptions(beta: .fixed(0)), seed: 1)
    #expect(uniform.probabilities == [0.25, 0.25, 0.25, 0.25])
    var hardest = try HardnessWeightedSampler(
      losses: [0, 3, 3, 1], options: HardnessOptions(beta: .fixed(.infinity)), seed: 1)
    #expect(hardest.probabilities == [0, 0.5, 0.5, 0])
    #expect(Set(try hardest.draw(100)) == [1, 2])
  }

  /// However extreme the losses and β are, a batch without replacement is full and has no repeats.
  @Test func extremeLossesDoNotBreakTheDraw() throws {
    let losses = [1e308, -1e308, 0, 5, 5, 1e-300]
    for floor in [HardnessOptions.Floor.none, .minimum(1e-4), .uniformShare(1)] {
      for cap in [nil, 1.0 / 6, 0.4] {
        var options = HardnessOptions(beta: .fixed(1e300))
        options.floor = floor
        options.cap = cap
        options.replacement = false
        var sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: 1)
        #expect(abs(sampler.probabilities.reduce(0, +) - 1) < 1e-12)
        #expect(Set(try sampler.draw(6)) == Set(0..<6))
      }
    }
  }

  /// The effective sample size is the requested one, for losses of any scale and after they have changed.
  @Test(arguments: [1e-3, 1, 1e6]) func betaIsCalibrated(scale: Double) throws {
    var random = TestRandom(6)
    for share in [0.1, 0.3, 0.8] {
      for (floor, cap) in [(HardnessOptions.Floor.none, nil), (.uniformShare(0.1), nil), (.uniformShare(0.1), 0.06)] {
        var options = HardnessOptions(beta: .effectiveSampleSize(share))
        options.floor = floor
        options.cap = cap
        let losses = (0..<200).map { _ in scale * Double.random(in: 0...1, using: &random) }
        var sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: 2)
        _ = try sampler.draw(2)
        #expect(abs(sampler.effectiveSampleSize / (share * 200) - 1) < 1e-4)
        let first = try #require(sampler.beta)
        try sampler.record(losses: losses.map { $0 / 10 }, for: Array(0..<200))
        _ = try sampler.draw(2)
        #expect(abs(sampler.effectiveSampleSize / (share * 200) - 1) < 1e-4)
        #expect(abs((sampler.beta ?? 0) / first / 10 - 1) < 1e-3)
      }
    }
  }

  /// β rises linearly from 0 over the epochs of the ramp.
  @Test func ramp() throws {
    var options = HardnessOptions(beta: .fixed(100))
    options.rampEpochs = 4
    var sampler = try HardnessWeightedSampler(losses: losses, options: options, seed: 2)
    let betas = (0..<6).map { epoch in
      sampler.beginEpoch(epoch)
      return sampler.beta
    }
    #expect(betas == [0, 25, 50, 75, 100, 100])
    sampler.beginEpoch(0)
    #expect(sampler.probabilities == Array(repeating: 1.0 / 6, count: 6))

    options.beta = .effectiveSampleSize(0.4)
    var calibrated = try HardnessWeightedSampler(losses: losses, options: options, seed: 2)
    for epoch in 0..<6 {
      calibrated.beginEpoch(epoch)
      _ = try calibrated.draw(1)
      let share = [1, 0.85, 0.7, 0.55, 0.4, 0.4][epoch]
      #expect(abs(calibrated.effectiveSampleSize / share / 6 - 1) < 1e-4)
    }
  }

  /// The refreshed share goes to the cases in turn, including those that hardness never draws.
  @Test func refresh() throws {
    var options = HardnessOptions(beta: .fixed(.infinity))
    options.refresh = 0.25
    var sampler = try HardnessWeightedSampler(losses: [5, 1, 1, 1, 1], options: options, seed: 2)
    var counts = Array(repeating: 0.0, count: 5)
    for _ in 0..<20_000 { counts[try sampler.draw(1)[0]] += 1 }
    // The hardest case is hardly ever the one not drawn for longest, so the others share the refreshes.
    #expect(ChiSquare.statistic([counts[0], counts[1...].reduce(0, +)], [0.75, 0.25]) < 15.14)
    #expect((counts[1...].max() ?? 0) - (counts[1...].min() ?? 0) <= 2)
  }
}
