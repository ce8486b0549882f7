import Statistics

/// nnU-Net's augmentation of a training patch, with its transforms in its order and with its probabilities.
///
/// The order is: rotation and scaling, noise, blur, brightness, contrast, low resolution, gamma of the negative image,
/// gamma, mirroring.
public struct Augmentation: Sendable {
  /// The shape of the patches that the network sees, (z, y, x).
  public let patch: [Int]
  /// The shape of the regions that are cut from the cases, (z, y, x).
  ///
  /// It is large enough for the corners of a rotated patch, but not always for one that is also scaled.
  public let initialPatch: [Int]
  /// Whether rotation and scaling stay in the plane of axes 1 and 2.
  ///
  /// They do for patches whose longest axis has more than three times as many voxels as axis 0.
  let inPlane: Bool
  /// The largest angle of rotation about an axis, in radians: 180° in the plane, 30° in space.
  let rotation: Double
  /// The indices of the channels that are set to 0 where the label is −1.
  let maskedChannels: [Int]

  /// Chooses nnU-Net's ranges for a patch.
  ///
  /// - Parameters:
  ///   - patch: The shape of the patches that the network sees, (z, y, x).
  ///   - maskedChannels: The indices of the channels with `use_mask_for_norm`.
  public init(patch: [Int], maskedChannels: [Int]) {
    self.patch = patch
    self.maskedChannels = maskedChannels
    inPlane = Double(patch.max() ?? 1) / Double(patch[0]) > 3
    rotation = inPlane ? Double.pi : Double.pi / 6
    initialPatch = Self.initialPatch(patch, rotation: rotation, inPlane: inPlane)
  }

  /// nnU-Net's `get_patch_size`, with its fixed factor 1 / 0.85 as a margin for scaling.
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

  /// Makes an augmented patch from the middle of a region of shape `initialPatch`. Labels of −1 become 0.
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
