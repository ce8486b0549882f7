import Statistics

/// nnU-Net's random changes to a training patch, in its order and with its probabilities.
public struct Augmentation: Sendable {
  /// The shape of the patches the network sees, (z, y, x).
  public let patch: [Int]
  /// The shape of the regions that are cut from the cases: large enough that a rotated patch finds its corners.
  public let initialPatch: [Int]
  /// Whether slices are so much thicker than wide that they are only turned and scaled in their plane.
  let inPlane: Bool
  /// The largest angle, in radians, by which a patch is turned about an axis.
  let rotation: Double
  /// The channels that are 0 outside the case.
  let maskedChannels: [Int]

  /// - Parameter maskedChannels: the channels with `use_mask_for_norm`.
  public init(patch: [Int], maskedChannels: [Int]) {
    self.patch = patch
    self.maskedChannels = maskedChannels
    inPlane = Double(patch.max() ?? 1) / Double(patch[0]) > 3
    rotation = inPlane ? Double.pi : Double.pi / 6
    initialPatch = Self.initialPatch(patch, rotation: rotation, inPlane: inPlane)
  }

  /// nnU-Net's `get_patch_size`, with its constant 0.85 for the largest scale.
  static func initialPatch(_ patch: [Int], rotation: Double, inPlane: Bool) -> [Int] {
    let angle = min(rotation, Double.pi / 2)
    let turn = SpatialTransform(angles: [angle, 0, 0], scales: [1, 1, 1]).matrix
    let (c, s) = (turn[4], turn[7])
    let v = patch.map(Double.init)
    let extents = [
      max(v[0], abs(c * v[0] - s * v[2]), abs(c * v[0] + s * v[1])),
      max(v[1], abs(c * v[1] + s * v[2]), abs(c * v[1] - s * v[0])),
      max(v[2], abs(c * v[2] - s * v[1]), abs(c * v[2] + s * v[0])),
    ]
    let initial = extents.map { Int($0 / 0.85) }
    return inPlane ? [patch[0], initial[1], initial[2]] : initial
  }

  /// A changed patch from the middle of a region of `initialPatch` voxels. Labels are 0 outside the case.
  func apply(to source: PatchSource, using random: inout CounterRandom) -> Patch {
    let spatial = SpatialTransform.random(rotation: rotation, inPlane: inPlane, using: &random)
    var patch = spatial?.sample(source, patch: patch) ?? source.center(patch)
    let channels = source.channels
    if random.chance(0.1) { GaussianNoise.random(using: &random).apply(to: &patch, using: &random) }
    if random.chance(0.2) { GaussianBlur.random(channels: channels, using: &random).apply(to: &patch) }
    if random.chance(0.15) { Brightness.random(channels: channels, using: &random).apply(to: &patch) }
    if random.chance(0.15) { Contrast.random(channels: channels, using: &random).apply(to: &patch) }
    if random.chance(0.25) {
      LowResolution.random(channels: channels, inPlane: inPlane, using: &random).apply(to: &patch)
    }
    if random.chance(0.1) { Gamma.random(channels: channels, isInverted: true, using: &random).apply(to: &patch) }
    if random.chance(0.3) { Gamma.random(channels: channels, isInverted: false, using: &random).apply(to: &patch) }
    Mirroring.random(using: &random).apply(to: &patch)
    OutsideMask(channels: maskedChannels).apply(to: &patch)
    patch.removeOutsideLabel()
    return patch
  }
}

extension Patch {
  /// Counts what lies outside the case as background.
  mutating func removeOutsideLabel() {
    labels.withUnsafeMutableBufferPointer { labels in
      for index in labels.indices where labels[index] < 0 { labels[index] = 0 }
    }
  }
}
