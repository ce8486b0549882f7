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
    #expect(topology.features == [32, 64, 128, 256])
  }

  /// The smallest patches, whose last stages halve some axes only.
  @Test func small() {
    let topology = Topology(spacing: [1, 1, 1], patch: [11, 20, 20])
    #expect(topology.strides == [[1, 1, 1], [2, 2, 2], [1, 2, 2]])
    #expect(topology.patch == [12, 20, 20])
    #expect(Topology(spacing: [1, 1, 1], patch: [7, 7, 7]).strides == [[1, 1, 1]])
    #expect(Topology(spacing: [2, 2, 2], patch: [17.5, 23, 19.5]).patch == [20, 24, 20])
  }

  @Test func estimate() {
    #expect(Topology(spacing: [1, 1, 1], patch: [128, 128, 128]).featureMapElements(labelCount: 3) == 452_796_416)
    #expect(Topology(spacing: [1, 1, 1], patch: [40, 56, 40]).featureMapElements(labelCount: 3) == 19_174_400)
  }
}
