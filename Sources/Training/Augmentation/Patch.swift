/// A patch of one case on its way through the augmentation.
struct Patch {
  /// The number of channels, C.
  let channels: Int
  /// The shape, (z, y, x).
  let shape: [Int]
  /// The image, [C, z, y, x].
  var image: [Float]
  /// The labels, [z, y, x]; −1 outside the nonzero region and outside the case.
  var labels: [Int16]

  var voxelCount: Int { shape[0] * shape[1] * shape[2] }

  /// The indices of a channel in `image`.
  func range(ofChannel channel: Int) -> Range<Int> { channel * voxelCount..<(channel + 1) * voxelCount }

  /// Replaces the label −1 by 0, the background.
  mutating func removeOutsideLabel() {
    labels.withUnsafeMutableBufferPointer { labels in
      for index in labels.indices where labels[index] < 0 { labels[index] = 0 }
    }
  }
}

/// A region of a stored case from which patches are cut or sampled.
///
/// The region may reach over the borders of the case. Outside the case the image is 0 and the label −1.
struct PatchSource {
  /// The image of the whole case, [C, z, y, x].
  let image: UnsafeBufferPointer<Float>
  /// The labels of the whole case, [z, y, x].
  let labels: UnsafeBufferPointer<Int16>
  /// The number of channels, C.
  let channels: Int
  /// The shape of the whole case, (z, y, x).
  let shape: [Int]
  /// The lower corner of the region, (z, y, x) in voxels of the case.
  let lower: [Int]
  /// The shape of the region, (z, y, x).
  let size: [Int]

  /// Cuts a patch of the given shape from the middle of the region, without interpolation.
  func center(_ patch: [Int]) -> Patch {
    cut(lower: (0..<3).map { lower[$0] + size[$0] / 2 - patch[$0] / 2 }, size: patch)
  }

  private func cut(lower: [Int], size: [Int]) -> Patch {
    let (depth, height, width) = (size[0], size[1], size[2])
    let voxels = depth * height * width
    let caseVoxels = shape[0] * shape[1] * shape[2]
    let (first, last) = (max(0, -lower[2]), min(width, shape[2] - lower[2]))
    var image = [Float](repeating: 0, count: channels * voxels)
    var labels = [Int16](repeating: -1, count: voxels)
    guard first < last else { return Patch(channels: channels, shape: size, image: image, labels: labels) }
    image.withUnsafeMutableBufferPointer { image in
      labels.withUnsafeMutableBufferPointer { labels in
        for z in max(0, -lower[0])..<max(0, -lower[0], min(depth, shape[0] - lower[0])) {
          for y in max(0, -lower[1])..<max(0, -lower[1], min(height, shape[1] - lower[1])) {
            let from = ((z + lower[0]) * shape[1] + y + lower[1]) * shape[2] + lower[2] + first
            let to = (z * height + y) * width + first
            for x in 0..<last - first { labels[to + x] = self.labels[from + x] }
            for channel in 0..<channels {
              let (target, source) = (channel * voxels + to, channel * caseVoxels + from)
              for x in 0..<last - first { image[target + x] = self.image[source + x] }
            }
          }
        }
      }
    }
    return Patch(channels: channels, shape: size, image: image, labels: labels)
  }
}
