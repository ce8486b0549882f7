import Datasets

/// The classes that a network's output channels tell apart.
///
/// Without regions, each label is a class and has a channel. With regions, labels that lie in the same regions are one
/// class: the network cannot tell them apart, so that it cannot doubt one in favor of the other.
struct LabelClasses: Sendable {
  /// The label that stands for each class, the lowest that it holds; the background's is the first.
  let labels: [Int]
  /// The class of each label from 0.
  private let classes: [Int]
  /// With regions, whether each class lies in the region of each channel.
  private let memberships: [[Bool]]?
  /// The value of voxels that were not annotated.
  let ignoreLabel: Int?

  var count: Int { labels.count }

  init(_ description: DatasetDescription) {
    ignoreLabel = description.ignoreLabel
    let all = description.allLabels
    guard description.hasRegions else {
      (labels, classes, memberships) = (all, all, nil)
      return
    }
    var (labels, classes, memberships) = ([Int](), [Int](), [[Bool]]())
    for label in all {
      let membership = description.regions.map { $0.values.contains(label) }
      if let known = memberships.firstIndex(of: membership) {
        classes.append(known)
      } else {
        classes.append(labels.count)
        labels.append(label)
        memberships.append(membership)
      }
    }
    (self.labels, self.classes, self.memberships) = (labels, classes, memberships)
  }

  /// The class of a label; `nil` for voxels that were not annotated.
  @inline(__always)
  func index(of label: Int32) -> Int? { Int(label) == ignoreLabel ? nil : classes[Int(label)] }

  /// The probability of each class in a voxel.
  ///
  /// Regions overlap, and their probabilities are not those of classes. A class is as probable as the least probable
  /// of its memberships, so that at most one class has more than one half, as without regions.
  ///
  /// - Parameters:
  ///   - channels: The probabilities of the output channels, [channel, voxel].
  ///   - voxel: The voxel.
  ///   - voxels: The number of voxels.
  ///   - result: Receives the probabilities.
  @inline(__always)
  func probabilities(
    _ channels: UnsafeBufferPointer<Float>, voxel: Int, of voxels: Int, into result: UnsafeMutableBufferPointer<Float>
  ) {
    guard let memberships else {
      for index in result.indices { result[index] = channels[index * voxels + voxel] }
      return
    }
    for (index, membership) in memberships.enumerated() {
      var least: Float = 1
      for (channel, isInside) in membership.enumerated() {
        let probability = channels[channel * voxels + voxel]
        least = min(least, isInside ? probability : 1 - probability)
      }
      result[index] = least
    }
  }
}
