import Foundation

/// Assigns a label to each voxel from logits or probabilities that arrive one output channel after the other.
///
/// Without regions the channels are the labels 0, 1, 2 …, and the channel with the largest value wins; of equal values,
/// the first. With regions the channels are taken in order, and each region whose value exceeds the threshold writes
/// its label over those before it: nnU-Net's `regions_class_order`.
struct LabelAssignment {
  private(set) var labels: [Int32]
  private let regionLabels: [Int]?
  /// What a region's value must exceed: 0 for logits, 0.5 for probabilities.
  private let threshold: Float
  private var best: [Float]
  private var channel = 0

  /// - Parameters:
  ///   - voxels: The number of voxels.
  ///   - regionLabels: The label that each region writes, or `nil` without regions.
  ///   - threshold: What a region's value must exceed; not used without regions.
  init(voxels: Int, regionLabels: [Int]?, threshold: Float = 0) {
    self.threshold = threshold
    labels = Array(repeating: 0, count: voxels)
    best = regionLabels == nil ? Array(repeating: -.infinity, count: voxels) : []
    self.regionLabels = regionLabels
  }

  /// Takes the values of the next output channel into account, one for each voxel.
  mutating func add(_ values: [Float]) {
    if let regionLabels {
      for voxel in labels.indices where values[voxel] > threshold { labels[voxel] = Int32(regionLabels[channel]) }
    } else {
      for voxel in labels.indices where values[voxel] > best[voxel] {
        best[voxel] = values[voxel]
        labels[voxel] = Int32(channel)
      }
    }
    channel += 1
  }

  /// Replaces logits l by probabilities: exp(l_c) / Σ_k exp(l_k) over the classes, or 1 / (1 + exp(−l)) for regions.
  ///
  /// - Parameter logits: All output channels, [channel, voxel].
  static func probabilities(of logits: inout [Float], channels: Int, areRegions: Bool) {
    let voxels = logits.count / channels
    if areRegions {
      for index in logits.indices { logits[index] = 1 / (1 + exp(-logits[index])) }
      return
    }
    for voxel in 0..<voxels {
      let indices = stride(from: voxel, to: logits.count, by: voxels)
      let largest = indices.reduce(-Float.infinity) { max($0, logits[$1]) }
      var sum: Float = 0
      for index in indices {
        logits[index] = exp(logits[index] - largest)
        sum += logits[index]
      }
      for index in indices { logits[index] /= sum }
    }
  }
}
