import Plans
import Testing

@testable import Planning

/// Protects the smaller versions of a plan: each is a network that nnU-Net could have planned, and they shrink in
/// order.
@Suite struct PlanReductionTests {
  /// A plan for images like those of the fetal brain: 0.8 mm in all axes.
  private func plan(spacing: [Double] = [0.8, 0.8, 0.8], shape: [Int] = [140, 180, 130]) throws -> Plan {
    try ExperimentPlanner().plan(
      ExperimentPlannerTests.fingerprint(spacing, shape), ExperimentPlannerTests.description(cases: 100, labels: 9),
      datasetName: "D")
  }

  @Test(arguments: [[0.8, 0.8, 0.8], [3, 0.5, 0.5]]) func eachVersionIsSmallerAndValid(spacing: [Double]) throws {
    let plan = try plan(spacing: spacing)
    let reductions = PlanReduction.all(of: plan)
    #expect(reductions.count > 4)
    #expect(reductions[0].losses.isEmpty && reductions[0].plan.configuration == plan.configuration)
    for (larger, smaller) in zip(reductions, reductions.dropFirst()) {
      let (before, after) = (larger.plan.configuration, smaller.plan.configuration)
      #expect(after.batchSize <= before.batchSize)
      #expect(after.network.features[0] <= before.network.features[0])
      #expect(zip(after.patchSize, before.patchSize).allSatisfy(<=))
      #expect(after != before && !smaller.losses.isEmpty)
      let architecture = try after.architecture(inputChannels: 1, outputChannels: 9)
      try architecture.validate(patch: after.patchSize)
      let topology = Topology(spacing: after.spacing, patch: after.patchSize.map(Double.init))
      #expect(topology.patch == after.patchSize && topology.strides == after.network.strides)
    }
    let last = try #require(reductions.last?.plan.configuration)
    #expect(last.network.features[0] == 8 && last.batchSize == 2)
  }

  /// The batch is the first to go, and then the features.
  @Test func theBatchGoesFirst() throws {
    var plan = try plan(shape: [35, 51, 35])
    plan.configuration.batchSize = 9
    let reductions = PlanReduction.all(of: plan)
    #expect(reductions[1].losses == ["a batch of 2 in place of 9"])
    #expect(
      reductions[2].losses
        == ["a batch of 2 in place of 9", "16 features at full resolution in place of 32"])
    #expect(reductions[2].plan.configuration.network.features == plan.configuration.network.features.map { $0 / 2 })
  }
}
