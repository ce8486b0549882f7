import NIfTI
import Threads

/// ``Resampling`` of a volume of several channels whose planes arrive one after the other along z.
///
/// Nearest-neighbor and linear interpolation along z need two neighboring planes, and only those are kept. Cubic
/// splines need the whole volume, which is then collected first. The results are those of `Resampling.resample`, bit
/// for bit.
public struct PlaneResampler: Sendable {
  /// The planes from which a plane of the result is interpolated, and the weight of the second one.
  private struct Source {
    let lower, upper: Int
    let weights: (Double, Double)
  }

  private let channels: Int
  /// Voxels along z, y and x before and after.
  private let from, to: [Int]
  private let settings: (spacing: [Double], newSpacing: [Double], order: Int, orderZ: Int, forceSeparateZ: Bool?)
  /// The axis that is resampled separately, as in `Resampling`.
  private let axis: Int?
  /// The sources of each plane of the result; `nil` where the whole volume is needed.
  private let sources: [Source]?
  /// The number of planes that have arrived, and that have been passed on.
  private var arrived = 0
  private var passedOn = 0
  /// The plane that arrived last, resized along y and x.
  private var previous: [Double] = []
  /// The channels of the volume, where it is needed as a whole.
  private var collected: [[Float]] = []

  /// - Parameters:
  ///   - channels: The number of channels.
  ///   - from: The number of voxels along z, y and x before.
  ///   - to: The number of voxels along z, y and x afterwards.
  ///   - spacing: The spacing before, in mm along z, y and x.
  ///   - newSpacing: The spacing afterwards, in mm along z, y and x.
  ///   - order: The order of interpolation: 0 nearest, 1 linear, 3 cubic.
  ///   - orderZ: The order along a separate axis.
  ///   - forceSeparateZ: Whether to resample the coarsest axis separately; `nil` decides by the spacings.
  public init(
    channels: Int, from: [Int], to: [Int], spacing: [Double], newSpacing: [Double], order: Int, orderZ: Int = 0,
    forceSeparateZ: Bool? = nil
  ) {
    (self.channels, self.from, self.to) = (channels, from, to)
    settings = (spacing, newSpacing, order, orderZ, forceSeparateZ)
    axis = Resampling.separateAxis(spacing: spacing, newSpacing: newSpacing, force: forceSeparateZ)
    sources = Self.sources(from: from, to: to, order: axis == 0 ? orderZ : order)
    if sources == nil { collected = Array(repeating: [], count: channels) }
  }

  /// Whether two planes at a time are enough. Otherwise the volumes before and after are both kept whole.
  public var isLocal: Bool { sources != nil }

  /// The most memory that the resampler takes, in bytes.
  public var bytes: Int {
    let (plane, newPlane) = (from[1] * from[2], to[1] * to[2])
    // A plane that arrives, the previous one, the same two resized, and a plane of the result with what is made of it.
    if isLocal { return channels * (16 * plane + 24 * newPlane + 8 * max(plane, newPlane)) }
    let resampling = Resampling.bytes(
      from, to: to, spacing: settings.spacing, newSpacing: settings.newSpacing, forceSeparateZ: settings.forceSeparateZ)
    return channels * 4 * max(from[0] * plane, to[0] * newPlane) + 4 * from[0] * plane + resampling
  }

  /// Takes the next plane, and passes on the planes of the result that can be computed now, in order.
  ///
  /// - Parameters:
  ///   - plane: The voxels, [channel, y, x]: 32-bit floats in double precision.
  ///   - body: Receives the index along z and the voxels, [channel, y, x].
  public mutating func add(_ plane: [Double], _ body: (_ z: Int, _ plane: [Float]) throws -> Void) rethrows {
    guard let sources else { return try collect(plane, body) }
    defer { arrived += 1 }
    // Where the result has fewer planes, not all of these are needed.
    guard passedOn < to[0], sources[passedOn].lower <= arrived else { return }
    let current = resizeInPlane(plane)
    while passedOn < to[0], sources[passedOn].upper <= arrived {
      let source = sources[passedOn]
      let mean =
        source.lower == arrived ? current.map { Float($0) } : Self.mean(previous, current, source.weights)
      try body(passedOn, finish(mean))
      passedOn += 1
    }
    previous = current
  }

  /// Where along z each plane of the result lies.
  private static func sources(from: [Int], to: [Int], order: Int) -> [Source]? {
    let (n, m) = (from[0], to[0])
    if from == to || (n == m && order < 3) {
      return (0..<n).map { Source(lower: $0, upper: $0, weights: (1, 0)) }
    }
    switch order {
    case 0: return Resize.nearest(from: n, to: m).map { Source(lower: $0, upper: $0, weights: (1, 0)) }
    case 1:
      return ResizeWeights(from: n, to: m, order: 1)?.linearSources.map {
        Source(lower: $0.lower, upper: $0.upper, weights: $0.weights)
      }
    default: return nil
    }
  }

  /// The part of the resampling that comes before interpolation along z.
  private func resizeInPlane(_ plane: [Double]) -> [Double] {
    guard from != to else { return plane }
    switch axis {
    case nil: return resize(plane, [channels, to[1], to[2]])
    case 0:
      // Each plane is resized by itself, with limits of its own, and rounded.
      let resize = Resize(from: [1, from[1], from[2]], to: [1, to[1], to[2]], order: settings.order)
      guard resize.from != resize.to else { return plane }
      let count = from[1] * from[2]
      return (0..<channels).flatMap { channel in
        resize.apply(plane[channel * count..<(channel + 1) * count].map { Float($0) }).map { Double($0) }
      }
    case 1: return resize(plane, [channels, from[1], to[2]])
    default: return resize(plane, [channels, to[1], from[2]])
    }
  }

  /// Orders 0 and 1. Linear interpolation does not leave the range of its input, so nothing has to be clipped.
  private func resize(_ plane: [Double], _ shape: [Int]) -> [Double] {
    let resize = Resize(from: [channels, from[1], from[2]], to: shape, order: settings.order, clips: false)
    return settings.order == 0 ? resize.gather(plane) : resize.applyDouble(plane)
  }

  /// The weighted sum of two planes, rounded.
  private static func mean(_ lower: [Double], _ upper: [Double], _ weights: (Double, Double)) -> [Float] {
    [Float](unsafeUninitializedCapacity: lower.count) { target, count in
      lower.withUnsafeBufferPointer { lower in
        upper.withUnsafeBufferPointer { upper in
          nonisolated(unsafe) let (lower, upper, target) = (lower, upper, target)
          Parallel.chunks(lower.count, size: 1 << 15) { chunk in
            for i in chunk { target[i] = Float(lower[i] * weights.0 + upper[i] * weights.1) }
          }
        }
      }
      count = lower.count
    }
  }

  /// The part of the resampling that comes after interpolation along z: that of another separate axis.
  private func finish(_ plane: [Float]) -> [Float] {
    guard let axis, axis > 0, from[axis] != to[axis] else { return plane }
    let before = axis == 1 ? [channels, from[1], to[2]] : [channels, to[1], from[2]]
    return Resize(from: before, to: [channels, to[1], to[2]], order: settings.orderZ, clips: false).apply(plane)
  }

  /// Collects the volume and, when it is complete, resamples one channel after the other.
  private mutating func collect(_ plane: [Double], _ body: (Int, [Float]) throws -> Void) rethrows {
    let count = from[1] * from[2]
    for channel in 0..<channels {
      if arrived == 0 { collected[channel].reserveCapacity(from[0] * count) }
      collected[channel] += plane[channel * count..<(channel + 1) * count].lazy.map { Float($0) }
    }
    arrived += 1
    guard arrived == from[0] else { return }
    for channel in 0..<channels {
      let volume = Volume(shape: from, voxels: collected[channel])
      collected[channel] = []
      collected[channel] =
        Resampling.resample(
          volume, to: to, spacing: settings.spacing, newSpacing: settings.newSpacing, order: settings.order,
          orderZ: settings.orderZ, forceSeparateZ: settings.forceSeparateZ
        ).voxels
    }
    let newCount = to[1] * to[2]
    for z in 0..<to[0] { try body(z, collected.flatMap { $0[z * newCount..<(z + 1) * newCount] }) }
    collected = []
  }
}
