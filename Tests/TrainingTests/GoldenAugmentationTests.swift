import TensorFiles
import Tensors
import TestSupport
import Testing

@testable import Training

/// Protects every transform against batchgeneratorsv2's with the same parameters: images agree to 1e-4, labels in all
/// but 0.1 % of the voxels.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence)))
struct GoldenAugmentationTests {
  private let file: Safetensors

  init() throws { file = try Golden.tensors("augmentation.safetensors") }

  private func patch() throws -> Patch {
    let shape = try file.entry("volume").shape
    return Patch(
      channels: shape[0], shape: Array(shape[1...]), image: try file.floats("volume"),
      labels: try file.integers("segmentation").map { Int16($0) })
  }

  /// One value for each channel, `nil` where the file does not list it among those that the transform was applied to.
  private func perChannel(_ transform: String, _ parameter: String, _ channels: Int) throws -> [Double?] {
    var values = [Double?](repeating: nil, count: channels)
    let applied = try file.integers("\(transform)/param/apply_to_channel")
    for (channel, value) in zip(applied, try file.doubles("\(transform)/param/\(parameter)")) {
      values[Int(channel)] = value
    }
    return values
  }

  private func largestDifference(_ found: [Float], _ name: String) throws -> Float {
    let expected = try file.floats(name)
    #expect(found.count == expected.count)
    return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test func spatial() throws {
    let patch = try patch()
    let cases = file.entries.keys.filter { $0.hasPrefix("spatial/") && $0.hasSuffix("/affine") }
    #expect(!cases.isEmpty)
    for name in cases.map({ $0.dropLast("/affine".count) }) {
      let scale = Double(try file.floats("\(name)/scale")[0])
      let transform = SpatialTransform(
        angles: try file.doubles("\(name)/angles_rad"), scales: Array(repeating: scale, count: 3))
      #expect(zip(transform.matrix, try file.doubles("\(name)/affine")).allSatisfy { abs($0 - $1) < 1e-6 })
      let shape = Array(try file.entry("\(name)/image").shape[1...])
      let result = patch.withSource { transform.sample($0, patch: shape, outside: 0) }
      #expect(try largestDifference(result.image, "\(name)/image") < 1e-4)
      let labels = try file.integers("\(name)/segmentation").map { Int16($0) }
      let different = zip(result.labels, labels).count { $0 != $1 }
      #expect(Double(different) <= 0.001 * Double(labels.count))
    }
  }

  @Test(arguments: [("gamma", false), ("gamma_inverted", true)]) func gamma(name: String, isInverted: Bool) throws {
    var patch = try patch()
    Gamma(exponents: try perChannel(name, "gamma", patch.channels), isInverted: isInverted).apply(to: &patch)
    #expect(try largestDifference(patch.image, "\(name)/result") < 1e-4)
  }

  @Test func contrast() throws {
    var patch = try patch()
    Contrast(factors: try perChannel("contrast", "multipliers", patch.channels)).apply(to: &patch)
    #expect(try largestDifference(patch.image, "contrast/result") < 1e-4)
  }

  /// For the blur the file has a flag for each channel, and sigmas only for channels whose flag is set.
  @Test func blur() throws {
    var patch = try patch()
    var rest = try file.doubles("blur/param/sigmas")[...]
    let sigmas = try file.integers("blur/param/apply_to_channel").map { applied -> [Double]? in
      guard applied != 0 else { return nil }
      defer { rest = rest.dropFirst(3) }
      return Array(rest.prefix(3))
    }
    GaussianBlur(sigmas: sigmas).apply(to: &patch)
    #expect(try largestDifference(patch.image, "blur/result") < 1e-4)
  }

  @Test func lowResolution() throws {
    var patch = try patch()
    let applied = try file.integers("low_resolution/param/apply_to_channel").map { Int($0) }
    let values = try file.doubles("low_resolution/param/scales")
    var scales = [[Double]?](repeating: nil, count: patch.channels)
    for (index, channel) in applied.enumerated() { scales[channel] = Array(values[3 * index..<3 * index + 3]) }
    LowResolution(scales: scales).apply(to: &patch)
    #expect(try largestDifference(patch.image, "low_resolution/result") < 1e-4)
  }
}

extension Patch {
  /// Runs `body` with the patch as a whole case, and all of it as the region.
  func withSource<Result>(lower: [Int] = [0, 0, 0], size: [Int]? = nil, _ body: (PatchSource) -> Result) -> Result {
    image.withUnsafeBufferPointer { image in
      labels.withUnsafeBufferPointer { labels in
        body(
          PatchSource(
            image: image, labels: labels, channels: channels, shape: shape, lower: lower, size: size ?? shape))
      }
    }
  }
}
