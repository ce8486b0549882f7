import Foundation

/// Decides on the label of each voxel from the classes' logits, or probabilities, which come one class after the other.
///
/// Without regions the class with the largest logit wins, the first of equal ones. With regions, each that is more likely than
/// not writes its label over those before it: nnU-Net's `regions_class_order`.
struct LabelAssignment {
  private(set) var labels: [Int32]
  private let regionLabels: [Int]?
  /// What a region's value must exceed: logits 0, probabilities one half.
  private let threshold: Float
  private var best: [Float]
  private var channel = 0

  init(voxels: Int, regionLabels: [Int]?, threshold: Float = 0) {
    self.threshold = threshold
    labels = Array(repeating: 0, count: voxels)
    best = regionLabels == nil ? Array(repeating: -.infinity, count: voxels) : []
    self.regionLabels = regionLabels
  }

  /// Takes the logits of the next class or region.
  mutating func add(_ logits: [Float]) {
    if let regionLabels {
      for voxel in labels.indices where logits[voxel] > threshold { labels[voxel] = Int32(regionLabels[channel]) }
    } else {
      for voxel in labels.indices where logits[voxel] > best[voxel] {
        best[voxel] = logits[voxel]
        labels[voxel] = Int32(channel)
      }
    }
    channel += 1
  }

  /// Replaces logits [class, voxel] by probabilities: over the classes, or each region's own.
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
