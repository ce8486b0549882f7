import Foundation
import Tensors
import Threads

/// How far a student's probabilities are from a teacher's: the loss of distillation (Hinton et al. 2015).
///
/// For the logits z of the student and t of the teacher, and the temperature T, the loss of a sample at one output is
///
///     T² · mean over v of KL(softmax(t[v] / T) ‖ softmax(z[v] / T))
///
/// For regions, softmax is replaced by the sigmoid of each channel, and the Kullback-Leibler divergence by the mean of
/// the channels' divergences. All voxels count, those without annotation too: the teacher has an opinion on them.
///
/// A sample's loss is the sum over the student's outputs, weighted by ``DeepSupervision/weights(outputs:)``. The
/// targets of a coarser output are the teacher's probabilities averaged over the voxels that each of its voxels covers.
public final class SoftTargetLoss {
  private let network: Network
  private let isExclusive: Bool
  private let temperature: Float
  /// For each output whose loss has a weight: the targets, and then the student's probabilities minus the targets.
  private let targets: [Tensor]
  private let weights: [Double]
  /// The number of voxels in a chunk.
  private static let chunkSize = 4096

  /// Creates the loss of a network's logits.
  ///
  /// - Parameters:
  ///   - network: The student.
  ///   - target: What its output channels stand for.
  ///   - temperature: T, more than 0. The higher it is, the more the small probabilities count.
  public init(_ network: Network, target: Loss.Target, temperature: Double) {
    self.network = network
    isExclusive = target == .classes
    self.temperature = Float(temperature)
    weights = DeepSupervision.weights(outputs: network.outputs.count).filter { $0 > 0 }
    targets = network.outputs.prefix(weights.count).map { Tensor($0.shape) }
  }

  /// Computes the loss of each sample. Call it after ``Network/forward(inference:)``.
  ///
  /// - Parameter teacher: The teacher's logits of the same batch at full resolution, (N, z, y, x, channel).
  public func losses(teacher: Tensor) -> [Double] {
    precondition(teacher.shape == targets[0].shape, "a teacher of another patch or other channels")
    teacher.withUnsafeBufferPointer { logits in
      targets[0].withUnsafeMutableBufferPointer { _ = $0.update(from: logits) }
    }
    forEachChunk(of: targets[0]) { [isExclusive, temperature] rows, _, channels, voxels in
      for v in 0..<voxels { Self.probabilities(rows + v * channels, channels, temperature, isExclusive) }
    }
    for (fine, coarse) in zip(targets, targets.dropFirst()) { Self.averageBlocks(of: fine, into: coarse) }
    var losses = [Double](repeating: 0, count: network.batchSize)
    let scale = Double(temperature) * Double(temperature)
    for ((logits, targets), weight) in zip(zip(network.outputs, targets), weights) {
      let sums = divergences(of: logits, from: targets)
      let voxels = Double(targets.shape[1...3].reduce(1, *))
      for n in losses.indices { losses[n] += weight * scale * sums[n] / voxels }
    }
    return losses
  }

  /// Adds the gradient of `sum_i factors[i] * loss[i]` to the network's. Call it after ``losses(teacher:)`` and
  /// ``Network/computeLoss(_:labels:sampleWeights:)``, and before ``Network/backward()``.
  ///
  /// With probabilities p of the student and targets q, the gradient of a voxel's loss with respect to its logits is
  /// `T · (p − q)`; for regions it is divided by the number of channels.
  ///
  /// - Parameter factors: The weight of each sample's loss.
  public func addGradient(factors: [Double]) {
    for ((gradient, difference), weight) in zip(zip(network.logitGradients, targets), weights) {
      let channels = difference.shape[4]
      let voxels = difference.shape[1...3].reduce(1, *)
      let perVoxel = weight * Double(temperature) / Double(voxels * (isExclusive ? 1 : channels))
      let scales = factors.map { Float($0 * perVoxel) }
      let target = SharedPointer(gradient.pointer)
      forEachChunk(of: difference) { rows, offset, channels, voxels in
        let scale = scales[offset / (difference.count / factors.count)]
        let target = target.pointer + offset
        for i in 0..<voxels * channels { target[i] += scale * rows[i] }
      }
    }
  }

  /// Turns the logits of a voxel into its probabilities at a temperature.
  private static func probabilities(
    _ row: UnsafeMutablePointer<Float>, _ channels: Int, _ temperature: Float, _ isExclusive: Bool
  ) {
    guard isExclusive else {
      for c in 0..<channels {
        let exponential = expf(-abs(row[c] / temperature))
        row[c] = (row[c] > 0 ? 1 : exponential) / (1 + exponential)
      }
      return
    }
    var highest = row[0]
    for c in 1..<channels { highest = max(highest, row[c]) }
    var total: Float = 0
    for c in 0..<channels {
      row[c] = expf((row[c] - highest) / temperature)
      total += row[c]
    }
    for c in 0..<channels { row[c] /= total }
  }

  /// Returns the sum over voxels of each sample's divergences, and replaces the targets by the student's probabilities
  /// minus the targets.
  private func divergences(of logits: Tensor, from targets: Tensor) -> [Double] {
    let batch = logits.shape[0]
    let chunks = Self.chunks(targets)
    var sums = [Double](repeating: 0, count: batch * chunks)
    let source = SharedPointer(logits.pointer)
    let perSample = logits.count / batch
    sums.withUnsafeMutableBufferPointer { sums in
      let sums = SharedPointer(sums.baseAddress!)
      forEachChunk(of: targets) { [isExclusive, temperature] rows, offset, channels, voxels in
        var sum = 0.0
        for v in 0..<voxels {
          let (row, logits) = (rows + v * channels, source.pointer + offset + v * channels)
          sum += Double(
            isExclusive
              ? Self.classDivergence(row, logits, channels, temperature)
              : Self.regionDivergence(row, logits, channels, temperature))
        }
        sums.pointer[offset / perSample * chunks + offset % perSample / (channels * Self.chunkSize)] = sum
      }
    }
    return (0..<batch).map { n in sums[n * chunks..<(n + 1) * chunks].reduce(0, +) }
  }

  /// The divergence of a voxel's classes: sum over c of q[c] · (log q[c] − log p[c]).
  private static func classDivergence(
    _ row: UnsafeMutablePointer<Float>, _ logits: UnsafePointer<Float>, _ channels: Int, _ temperature: Float
  ) -> Float {
    var highest = logits[0]
    for c in 1..<channels { highest = max(highest, logits[c]) }
    var total: Float = 0
    for c in 0..<channels { total += expf((logits[c] - highest) / temperature) }
    let logTotal = logf(total)
    var divergence: Float = 0
    for c in 0..<channels {
      let (q, scaled) = (row[c], (logits[c] - highest) / temperature)
      if q > 0 { divergence += q * (logf(q) - scaled + logTotal) }
      row[c] = expf(scaled) / total - q
    }
    return divergence
  }

  /// The mean divergence of a voxel's regions: q · log(q / p) + (1 − q) · log((1 − q) / (1 − p)).
  private static func regionDivergence(
    _ row: UnsafeMutablePointer<Float>, _ logits: UnsafePointer<Float>, _ channels: Int, _ temperature: Float
  ) -> Float {
    var divergence: Float = 0
    for c in 0..<channels {
      let (q, scaled) = (row[c], logits[c] / temperature)
      let exponential = expf(-abs(scaled))
      // log p = −softplus(−z) and log(1 − p) = −softplus(z); neither can overflow.
      let logOne = log1pf(exponential)
      if q > 0 { divergence += q * (logf(q) + max(-scaled, 0) + logOne) }
      if q < 1 { divergence += (1 - q) * (log1pf(-q) + max(scaled, 0) + logOne) }
      row[c] = (scaled > 0 ? 1 : exponential) / (1 + exponential) - q
    }
    return divergence / Float(channels)
  }

  /// Averages blocks of voxels, as many as a coarser resolution has.
  private static func averageBlocks(of fine: Tensor, into coarse: Tensor) {
    let (size, channels) = (Array(coarse.shape[1...3]), coarse.shape[4])
    let block = (0..<3).map { fine.shape[$0 + 1] / size[$0] }
    let share = 1 / Float(block.reduce(1, *))
    let (source, target) = (SharedPointer(fine.pointer), SharedPointer(coarse.pointer))
    Parallel.forEach(coarse.shape[0] * size[0]) { plane in
      for y in 0..<size[1] {
        for x in 0..<size[2] {
          let sum = target.pointer + ((plane * size[1] + y) * size[2] + x) * channels
          sum.update(repeating: 0, count: channels)
          for dz in 0..<block[0] {
            for dy in 0..<block[1] {
              let line = ((plane * block[0] + dz) * size[1] * block[1] + y * block[1] + dy) * size[2] * block[2]
              let first = source.pointer + (line + x * block[2]) * channels
              for i in 0..<block[2] { for c in 0..<channels { sum[c] += first[i * channels + c] } }
            }
          }
          for c in 0..<channels { sum[c] *= share }
        }
      }
    }
  }

  /// The number of chunks of a sample's voxels.
  private static func chunks(_ tensor: Tensor) -> Int {
    (tensor.shape[1...3].reduce(1, *) + chunkSize - 1) / chunkSize
  }

  /// Calls `body` on several threads with pieces of a tensor: the first voxel of a piece and its offset in floats, the
  /// number of channels, and the number of voxels, all of one sample.
  private func forEachChunk(
    of tensor: Tensor,
    _ body: @Sendable (_ rows: UnsafeMutablePointer<Float>, _ offset: Int, _ channels: Int, _ voxels: Int) -> Void
  ) {
    let (voxels, channels, chunks) = (tensor.shape[1...3].reduce(1, *), tensor.shape[4], Self.chunks(tensor))
    let pointer = SharedPointer(tensor.pointer)
    Parallel.forEach(tensor.shape[0] * chunks) { task in
      let lower = task % chunks * Self.chunkSize
      let offset = (task / chunks * voxels + lower) * channels
      body(pointer.pointer + offset, offset, channels, min(Self.chunkSize, voxels - lower))
    }
  }
}
