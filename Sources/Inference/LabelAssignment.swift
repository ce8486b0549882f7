import Foundation
import Threads

/// Turns the logits or probabilities of voxels into labels.
///
/// Without regions the output channels are the labels 0, 1, 2 …, and the channel with the largest value wins; of equal
/// values, the first. With regions the channels are taken in order, and each region whose value exceeds the threshold
/// writes its label over those before it: nnU-Net's `regions_class_order`.
struct LabelAssignment: Sendable {
  /// The label that each region writes, or `nil` without regions.
  let regionLabels: [Int]?
  /// What a region's value must exceed: 0 for logits, 0.5 for probabilities.
  var threshold: Float = 0

  /// The number of voxels that a thread takes at a time.
  private static let chunk = 1 << 13

  /// The label of each voxel.
  ///
  /// - Parameters:
  ///   - values: The logits or probabilities, [channel, voxel].
  ///   - channels: The number of output channels.
  func labels(of values: [Float], channels: Int) -> [Int32] {
    let voxels = values.count / channels
    return [Int32](unsafeUninitializedCapacity: voxels) { labels, initialized in
      labels.initialize(repeating: 0)
      values.withUnsafeBufferPointer { values in
        nonisolated(unsafe) let (labels, values) = (labels, values)
        Parallel.chunks(voxels, size: Self.chunk) { chunk in
          var best = [Float](repeating: regionLabels == nil ? -.infinity : threshold, count: chunk.count)
          for channel in 0..<channels {
            let label = Int32(regionLabels?[channel] ?? channel)
            for voxel in chunk where values[channel * voxels + voxel] > best[voxel - chunk.lowerBound] {
              labels[voxel] = label
              if regionLabels == nil { best[voxel - chunk.lowerBound] = values[channel * voxels + voxel] }
            }
          }
        }
      }
      initialized = voxels
    }
  }

  /// Replaces logits l by probabilities: exp(l_c) / Σ_k exp(l_k) over the classes, or 1 / (1 + exp(−l)) for regions.
  ///
  /// - Parameters:
  ///   - logits: The logits, [channel, voxel].
  ///   - channels: The number of output channels.
  func replaceByProbabilities(_ logits: inout [Float], channels: Int) {
    let voxels = logits.count / channels
    let areRegions = regionLabels != nil
    logits.withUnsafeMutableBufferPointer { logits in
      nonisolated(unsafe) let logits = logits
      Parallel.chunks(voxels, size: Self.chunk) { chunk in
        for voxel in chunk {
          let indices = stride(from: voxel, to: channels * voxels, by: voxels)
          if areRegions {
            for index in indices { logits[index] = 1 / (1 + exp(-logits[index])) }
            continue
          }
          var largest = -Float.infinity
          for index in indices { largest = max(largest, logits[index]) }
          var sum: Float = 0
          for index in indices {
            logits[index] = exp(logits[index] - largest)
            sum += logits[index]
          }
          for index in indices { logits[index] /= sum }
        }
      }
    }
  }
}
