import Files
import Foundation
import Plans
import Tensors

extension TrainingMemory {
  /// Computes the memory of a plan's training and compares it with what there is.
  ///
  /// - Parameters:
  ///   - plan: The plan.
  ///   - inputChannels: The number of channels of the images.
  ///   - outputChannels: The number of channels of the logits.
  ///   - engine: What computes the convolutions.
  ///   - precision: The number format of activations and convolutions.
  ///   - processes: How many processes share each batch.
  ///   - available: The bytes that there are for one of them; by default what the system says.
  /// - Returns: The memory of the training.
  /// - Throws: `InputError` when there is not enough, with the largest batch or patch that fits; and when the network
  ///   cannot be built.
  @discardableResult
  public static func check(
    _ plan: Plan, inputChannels: Int, outputChannels: Int, engine: Engine = .auto, precision: Precision = .float32,
    processes: Int = 1, available: Int = AvailableMemory.bytes
  ) throws -> TrainingMemory {
    func memory(_ plan: Plan, _ precision: Precision = precision) throws -> TrainingMemory {
      try TrainingMemory(
        plan, inputChannels: inputChannels, outputChannels: outputChannels, engine: engine, precision: precision,
        processes: processes)
    }
    let needed = try memory(plan)
    guard needed.total > available else { return needed }
    var advice = largestThatFits(plan) { (try? memory($0).total <= available) ?? false }
    if precision == .float32, engine != .blas, Precision.bfloat16.isNative,
      try memory(plan, .bfloat16).total <= available
    {
      advice += " So would --precision bfloat16."
    }
    throw InputError(
      "memory", found: "a training that needs about \(ByteCount.text(needed.total))",
      expected: "at most the \(ByteCount.text(available)) that are available", advice: advice)
  }

  /// A sentence with the largest batch that fits or, if there is none, the largest patch of the same proportions.
  private static func largestThatFits(_ plan: Plan, _ fits: (Plan) -> Bool) -> String {
    var smaller = plan
    var (fitting, tooLarge) = (0, plan.configuration.batchSize)
    while tooLarge - fitting > 1 {
      smaller.configuration.batchSize = (fitting + tooLarge) / 2
      if fits(smaller) {
        fitting = smaller.configuration.batchSize
      } else {
        tooLarge = smaller.configuration.batchSize
      }
    }
    if fitting > 0 { return "A batch of \(fitting) would fit (--batch-size \(fitting))." }
    let batch = min(2, plan.configuration.batchSize)
    smaller.configuration.batchSize = batch
    let (patch, divisors) = (plan.configuration.patchSize, plan.configuration.network.divisors)
    var previous = patch
    for step in 1... {
      let share = pow(0.95, Double(step))
      let edges = (0..<3).map { max(divisors[$0], Int(Double(patch[$0]) * share) / divisors[$0] * divisors[$0]) }
      guard edges != divisors || previous != divisors else { break }
      guard edges != previous else { continue }
      previous = edges
      smaller.configuration.patchSize = edges
      guard fits(smaller) else { continue }
      let text = edges.map(String.init).joined(separator: " ")
      return "A patch of \(text) with a batch of \(batch) would fit (--patch-size \(text) --batch-size \(batch))."
    }
    return "Not even the smallest patch of this network would fit."
  }
}

extension NetworkPlan {
  /// The number of voxels of which each edge of a patch must be a multiple, (z, y, x).
  var divisors: [Int] { strides.reduce([1, 1, 1]) { zip($0, $1).map { $0 * $1 } } }
}
