import Tensors
import UNet

/// nnU-Net's pseudo Dice: the Dice of each foreground class over all voxels of many patches together.
///
/// With the true and false positives and negatives of all patches, it is 2 TP / (2 TP + FP + FN). It is fast to compute
/// during training, but it is not the mean Dice of whole cases.
struct PseudoDice {
  private let loss: Loss
  private var truePositives: [Int]
  private var falsePositives: [Int]
  private var falseNegatives: [Int]

  /// - Parameters:
  ///   - loss: The loss of the training; voxels with its ignore label are not counted.
  ///   - channels: The number of output channels: classes including the background, or regions.
  init(_ loss: Loss, channels: Int) {
    self.loss = loss
    truePositives = Array(repeating: 0, count: channels)
    falsePositives = truePositives
    falseNegatives = truePositives
  }

  /// Counts the voxels of a batch.
  ///
  /// - Parameters:
  ///   - logits: The network's output at full resolution, [N, z, y, x, channel].
  ///   - labels: The labels, [N, z, y, x].
  ///   - voxels: The voxels that count, as indices of the labels; all when left out.
  mutating func add(logits: Tensor, labels: [Int16], voxels: Range<Int>? = nil) {
    let voxels = voxels ?? labels.indices
    let ignored = Int16(loss.ignoreLabel ?? -1)
    logits.withUnsafeBufferPointer { logits in
      switch loss.target {
      case .classes:
        for voxel in voxels where labels[voxel] != ignored { addClass(logits, voxel, Int(labels[voxel])) }
      case .regions(let regions):
        for (channel, values) in regions.enumerated() {
          let isMember = (0...(regions.joined().max() ?? 0)).map(values.contains)
          for voxel in voxels where labels[voxel] != ignored {
            // The sigmoid of a positive logit is above 0.5.
            let isPredicted = logits[voxel * regions.count + channel] > 0
            add(channel, isPredicted: isPredicted, isPresent: isMember[Int(labels[voxel])])
          }
        }
      }
    }
  }

  private mutating func addClass(_ logits: UnsafeBufferPointer<Float>, _ voxel: Int, _ reference: Int) {
    let classes = truePositives.count
    let start = voxel * classes
    var predicted = 0
    for label in 1..<classes where logits[start + label] > logits[start + predicted] { predicted = label }
    add(predicted, isPredicted: true, isPresent: predicted == reference)
    if predicted != reference { falseNegatives[reference] += 1 }
  }

  private mutating func add(_ channel: Int, isPredicted: Bool, isPresent: Bool) {
    switch (isPredicted, isPresent) {
    case (true, true): truePositives[channel] += 1
    case (true, false): falsePositives[channel] += 1
    case (false, true): falseNegatives[channel] += 1
    case (false, false): break
    }
  }

  /// What has been counted, as numbers that can be added to those of other processes.
  var counts: [Double] { (truePositives + falsePositives + falseNegatives).map(Double.init) }

  /// Replaces what has been counted.
  mutating func setCounts(_ counts: [Double]) {
    let (values, channels) = (counts.map { Int($0) }, truePositives.count)
    truePositives = Array(values[..<channels])
    falsePositives = Array(values[channels..<2 * channels])
    falseNegatives = Array(values[(2 * channels)...])
  }

  /// The Dice of each foreground class or region; `nil` where neither labels nor predictions contain it.
  var values: [Double?] {
    let first = loss.target == .classes ? 1 : 0
    return (first..<truePositives.count).map { channel in
      let size = 2 * truePositives[channel] + falsePositives[channel] + falseNegatives[channel]
      return size == 0 ? nil : Double(2 * truePositives[channel]) / Double(size)
    }
  }
}
