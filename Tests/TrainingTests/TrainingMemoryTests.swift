import Files
import Plans
import Testing

@testable import Training

/// Protects the sentence that a user reads in the first second instead of a crash: what a training needs, what there
/// is, and what would fit. That the number is true is tested with the program, see `MemoryTests`.
@Suite struct TrainingMemoryTests {
  /// A plan with a network of five resolutions.
  private func plan(patch: [Int], batch: Int) -> Plan {
    let network = NetworkPlan(
      features: [32, 64, 128, 256, 320], kernels: Array(repeating: [3, 3, 3], count: 5),
      strides: [[1, 1, 1]] + Array(repeating: [2, 2, 2], count: 4), activation: NetworkPlan.leakyReLU)
    let configuration = PlanConfiguration(
      name: "3d_fullres", dataIdentifier: "d", patchSize: patch, batchSize: batch, spacing: [1, 1, 1],
      medianImageSize: [100, 100, 100], normalizationSchemes: ["ZScoreNormalization"], useMaskForNorm: [false],
      network: network, batchDice: false)
    return Plan(
      datasetName: "D", plansName: "plans", transposeForward: [0, 1, 2], intensityProperties: [],
      configurations: [configuration])
  }

  private func memory(_ plan: Plan) throws -> Int {
    try TrainingMemory(plan, inputChannels: 1, outputChannels: 3).total
  }

  private func refusal(_ plan: Plan, available: Int) -> InputError? {
    do {
      try TrainingMemory.check(plan, inputChannels: 1, outputChannels: 3, available: available)
      return nil
    } catch { return error as? InputError }
  }

  @Test func namesTheLargestBatchThatFits() throws {
    let available = try memory(plan(patch: [64, 64, 64], batch: 5))
    #expect(refusal(plan(patch: [64, 64, 64], batch: 5), available: available) == nil)
    let error = refusal(plan(patch: [64, 64, 64], batch: 9), available: available)
    #expect(error?.advice?.hasPrefix("A batch of 5 would fit") == true, "\(String(describing: error))")
  }

  @Test func namesAPatchWhereNoBatchFits() throws {
    let available = try memory(plan(patch: [96, 96, 96], batch: 2))
    let advice = refusal(plan(patch: [192, 256, 256], batch: 1), available: available)?.advice ?? ""
    let edges = advice.split(separator: " ").compactMap { Int($0) }.prefix(3)
    #expect(edges.count == 3, "\(advice)")
    let advised = try memory(plan(patch: Array(edges), batch: 1))
    #expect(advised <= available && Double(advised) > 0.7 * Double(available), "\(advice)")
  }

  @Test func aPatchThatIsFarTooLargeIsANumberAndNotAnOverflow() throws {
    let huge = plan(patch: [4096, 4096, 4096], batch: 1024)
    #expect(try memory(huge) > 1_000_000_000_000_000)
    #expect(refusal(huge, available: 1_000_000_000) != nil)
  }

  /// Memory grows with the batch, so that the largest that fits can be found by halving.
  @Test func growsWithTheBatch() throws {
    let needs = try (1...4).map { try memory(plan(patch: [64, 64, 64], batch: $0)) }
    #expect(needs == needs.sorted() && Set(needs).count == 4)
  }

  /// Patches that are perturbed take memory beside those that wait.
  @Test func perturbedPatchesCount() throws {
    let plain = plan(patch: [64, 64, 64], batch: 2)
    var adversarial = plain
    adversarial.training.adversarial = AdversarialSettings()
    let batches = try [plain, adversarial].map {
      try TrainingMemory($0, inputChannels: 1, outputChannels: 3).batches
    }
    // The perturbed batch and the one of trials, at least.
    #expect(batches[1] - batches[0] > 2 * 2 * 64 * 64 * 64 * 4)
  }

  @Test func aLossThatExplodesIsRemarkedOnOnce() {
    func record(_ epoch: Int, _ loss: Double) -> EpochRecord {
      EpochRecord(
        epoch: epoch, learningRate: 0.01, trainingLoss: loss, pseudoDice: [], effectiveCases: 1, groupDraws: [:],
        gradientNorm: 1, seconds: 1)
    }
    #expect([record(0, 0.5), record(1, 6)].divergenceWarning == nil)
    #expect([record(0, 20), record(1, 30)].divergenceWarning == nil)
    #expect([record(0, 1e17)].divergenceWarning == nil)
    let exploded = [record(0, -0.2), record(1, 1e17)]
    #expect(exploded.divergenceWarning?.contains("initial_learning_rate") == true)
    #expect((exploded + [record(2, 1e18)]).divergenceWarning == nil)
  }
}
