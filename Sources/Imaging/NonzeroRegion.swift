import NIfTI

/// The part of a case where some channel is not zero: what nnU-Net crops to.
public struct NonzeroRegion: Sendable {
  public let box: BoundingBox
  /// The label map within `box`, with -1 instead of 0 outside the nonzero mask; without a label map, 0 inside and -1 outside.
  public let labels: Volume<Int32>

  /// - Parameters:
  ///   - channels: volumes of one shape.
  ///   - labels: the label map on the same grid, if there is one.
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
