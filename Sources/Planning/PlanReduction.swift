import Plans

/// A smaller version of a plan, whose steps take less time, by nnU-Net's rules of topology.
public struct PlanReduction: Sendable {
  /// The smaller plan.
  public let plan: Plan
  /// What it gives up against the plan that it comes from, such as "a batch of 2 in place of 9".
  public let losses: [String]

  /// The smaller and smaller versions of a plan, after the plan itself.
  ///
  /// First the batch shrinks to 2. Then in turns the features are halved, to at least 8 at full resolution, and the
  /// edges of the patch multiplied by 0.8, to at least 32 voxels where they were longer. The batch goes first because
  /// it is the cheapest: samples of later steps replace those of larger batches. Features go before the patch because
  /// the patch bounds what the network sees.
  ///
  /// - Parameter plan: A plan for volumes.
  public static func all(of plan: Plan) -> [PlanReduction] {
    var reductions = [PlanReduction(plan: plan, losses: [])]
    var smaller = plan
    func add() { reductions.append(PlanReduction(plan: smaller, losses: losses(of: smaller, against: plan))) }
    if smaller.configuration.batchSize > 2 {
      smaller.configuration.batchSize = 2
      add()
    }
    while true {
      let before = smaller.configuration
      if let features = halvedFeatures(smaller.configuration) {
        smaller.configuration.network.features = features
        add()
      }
      if let (patch, network) = smallerPatch(smaller.configuration) {
        (smaller.configuration.patchSize, smaller.configuration.network) = (patch, network)
        add()
      }
      if smaller.configuration == before { return reductions }
    }
  }

  static let fewestFeatures = 8
  static let shortestEdge = 32

  private static func halvedFeatures(_ configuration: PlanConfiguration) -> [Int]? {
    let features = configuration.network.features
    return features[0] >= 2 * fewestFeatures ? features.map { $0 / 2 } : nil
  }

  /// A patch of about half the voxels, with the strides and kernels that nnU-Net plans for it.
  private static func smallerPatch(_ configuration: PlanConfiguration) -> ([Int], NetworkPlan)? {
    let (patch, old) = (configuration.patchSize, configuration.network)
    let edges = patch.map { min(Double($0), max(Double(shortestEdge), 0.8 * Double($0))) }
    let topology = Topology(spacing: configuration.spacing, patch: edges)
    guard topology.patch.reduce(1, *) < patch.reduce(1, *), zip(topology.patch, patch).allSatisfy(<=) else {
      return nil
    }
    let stages = topology.strides.count
    guard stages <= old.features.count, stages > 1 else { return nil }
    var network = old
    network.features = Array(old.features.prefix(stages))
    (network.kernels, network.strides) = (topology.kernels, topology.strides)
    network.convolutionsPerStage = Array(old.convolutionsPerStage.prefix(stages))
    network.convolutionsPerDecoderStage = Array(old.convolutionsPerDecoderStage.suffix(stages - 1))
    return (topology.patch, network)
  }

  private static func losses(of plan: Plan, against full: Plan) -> [String] {
    let (own, other) = (plan.configuration, full.configuration)
    func text(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: " ") }
    var losses: [String] = []
    if own.batchSize != other.batchSize {
      losses.append("a batch of \(own.batchSize) in place of \(other.batchSize)")
    }
    if own.network.features[0] != other.network.features[0] {
      losses.append("\(own.network.features[0]) features at full resolution in place of \(other.network.features[0])")
    }
    if own.patchSize != other.patchSize {
      losses.append("a patch of \(text(own.patchSize)) in place of \(text(other.patchSize))")
    }
    return losses
  }
}
