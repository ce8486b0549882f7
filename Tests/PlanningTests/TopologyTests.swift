import Testing

@testable import Planning

/// Protects the halving rule and the memory estimate against values of nnU-Net 2.8.
@Suite struct TopologyTests {
  @Test func anisotropic() {
    let topology = Topology(spacing: [3, 1, 1], patch: [40, 192, 192])
    #expect(topology.strides == [[1, 1, 1], [1, 2, 2], [2, 2, 2], [2, 2, 2], [2, 2, 2], [1, 2, 2]])
    #expect(topology.kernels == [[1, 3, 3]] + Array(repeating: [3, 3, 3], count: 5))
    #expect(topology.patch == [40, 192, 192])
    let thick = Topology(spacing: [5, 0.8, 0.8], patch: [24, 256, 256])
    #expect(thick.strides == [[1, 1, 1], [1, 2, 2], [1, 2, 2], [2, 2, 2], [2, 2, 2], [1, 2, 2], [1, 2, 2]])
    #expect(thick.kernels == [[1, 3, 3], [1, 3, 3]] + Array(repeating: [3, 3, 3], count: 5))
  }

  @Test func isotropic() {
    let topology = Topology(spacing: [1, 1, 1], patch: [36, 50, 35])
    #expect(topology.strides == [[1, 1, 1], [2, 2, 2], [2, 2, 2], [2, 2, 2]])
    #expect(topology.patch == [40, 56, 40])
    #expect(topology.features(maximum: 320) == [32, 64, 128, 256])
  }

  /// The smallest patches, whose last stages halve some axes only.
  @Test func small() {
    let topology = Topology(spacing: [1, 1, 1], patch: [11, 20, 20])
    #expect(topology.strides == [[1, 1, 1], [2, 2, 2], [1, 2, 2]])
    #expect(topology.patch == [12, 20, 20])
    #expect(Topology(spacing: [1, 1, 1], patch: [7, 7, 7]).strides == [[1, 1, 1]])
    #expect(Topology(spacing: [2, 2, 2], patch: [17.5, 23, 19.5]).patch == [20, 24, 20])
  }

  /// The memory of plain and residual networks, for volumes and slices.
  @Test(arguments: [
    ([128, 128, 128], PlannerRules.plain, 452_796_416.0), ([128, 128, 128], .residualM, 557_420_544),
    ([40, 56, 40], .plain, 19_174_400), ([40, 56, 40], .residualL, 23_609_600), ([256, 256], .plain, 20_692_992),
  ])
  func estimate(patch: [Int], rules: PlannerRules, elements: Double) {
    let planner = PatchPlanner(rules: rules, memoryGB: 8, labelCount: 3, caseCount: 1, activation: "torch.nn.ReLU")
    let network = planner.network(Topology(spacing: patch.map { _ in 1 }, patch: patch.map(Double.init)))
    #expect(network.featureMapElements(patch: patch, labelCount: 3) == elements)
  }
}
