/// A piece of one case on its way through the augmentation: the image [C, z, y, x] and the labels [z, y, x], −1 outside
/// the case.
struct Patch {
  let channels: Int
  let shape: [Int]
  var image: [Float]
  var labels: [Int16]

  var voxelCount: Int { shape[0] * shape[1] * shape[2] }

  /// Where a channel lies in `image`.
  func range(ofChannel channel: Int) -> Range<Int> { channel * voxelCount..<(channel + 1) * voxelCount }
}

/// A region of a stored case that patches are cut or sampled from. It may reach over the case's borders; there the
/// image is 0 and the label −1.
struct PatchSource {
  /// [C, z, y, x] of the whole case.
  let image: UnsafeBufferPointer<Float>
  /// [z, y, x] of the whole case.
  let labels: UnsafeBufferPointer<Int16>
  let channels: Int
  /// The shape of the whole case.
  let shape: [Int]
  /// The region's lower corner in the case's voxels, and its size.
  let lower: [Int]
  let size: [Int]

  /// The voxels in the middle of the region, without interpolation.
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
