import Datasets
import Files
import HardnessWeighting

extension SamplerSettings {
  /// The sampler that a plan asks for.
  ///
  /// - Throws: `InputError` when it cannot draw such batches from that many cases.
  func sampler(caseCount: Int, batchSize: Int, seed: UInt64) throws -> any CaseSampler {
    do {
      switch name {
      case .uniform: return try UniformSampler(caseCount: caseCount, seed: seed)
      case .hardness:
        guard replacement || batchSize <= caseCount else {
          throw SamplerError.impossibleBatch(batchSize, caseCount: caseCount)
        }
        return try HardnessWeightedSampler(
          caseCount: caseCount, beta: beta, initialLoss: initialLoss, momentum: momentum, floor: floor,
          replacement: replacement, seed: seed)
      }
    } catch let error as SamplerError {
      throw InputError(
        "training.sampler", found: error.description, expected: "a sampler that can draw the plan's batches")
    }
  }
}
