import NIfTI

/// The part of a case to which nnU-Net crops: the box around all voxels that are nonzero in at
/// least one channel.
public struct NonzeroRegion: Sendable {
  /// The smallest box around the nonzero mask.
  public let box: BoundingBox
  /// The label map within `box`, with -1 instead of 0 outside the nonzero mask.
  ///
  /// Without a label map it is 0 inside the mask and -1 outside.
  public let labels: Volume<Int32>

  /// Finds the region of a case.
  ///
  /// - Parameters:
  ///   - channels: The channels of the case, all of one shape.
  ///   - labels: The label map on the same grid, if there is one.
  public init(_ channels: [Volume<Float>], labels: Volume<Int32>?) {
    let mask = NonzeroMask(channels)
    box = mask.boundingBox
    let inside = Volume(shape: mask.shape, voxels: mask.isInside).cropped(to: box)
    var cropped = labels?.cropped(to: box) ?? Volume(shape: box.shape, repeating: 0)
    cropped.voxels.withUnsafeMutableBufferPointer { labels in
      inside.voxels.withUnsafeBufferPointer { inside in
        for index in labels.indices where labels[index] == 0 && !inside[index] { labels[index] = -1 }
      }
    }
    self.labels = cropped
  }
}
