import Files
import TensorFiles
import Tensors

/// nnU-Net's U-Nets, `PlainConvUNet` and `ResidualEncoderUNet`: what a plan fixes about the network.
///
/// Stage `s` has `convolutionsPerStage[s]` blocks of convolution, normalization and activation, of `features[s]` channels and
/// kernel `kernels[s]`, the first with stride `strides[s]`; in a residual encoder each is two convolutions with a short
/// cut, and another block, the stem, comes first. The decoder goes back up with transposed convolutions. Axis order (z,
/// y, x).
public struct Architecture: Sendable, Equatable, Codable {
  /// What the encoder's blocks are.
  public enum EncoderKind: String, Sendable, Equatable, Codable {
    /// Convolutions one after the other.
    case plain
    /// ResNet-D's basic blocks.
    case residual
  }

  public var encoder: EncoderKind
  public var inputChannels: Int
  /// Channels of the logits: classes with the background, or regions.
  public var outputChannels: Int
  public var features: [Int]
  public var kernels: [[Int]]
  public var strides: [[Int]]
  /// Blocks an encoder stage has, the stem not counted.
  public var convolutionsPerStage: [Int]
  /// Blocks a decoder stage has, lowest resolution first; one stage fewer than the encoder.
  public var convolutionsPerDecoderStage: [Int]
  /// Whether convolutions and transposed convolutions have a bias; the heads always have one.
  public var convolutionBias: Bool
  /// `nil` for none.
  public var normalization: NormalizationKind?
  /// Added to the variance in the normalization.
  public var normEpsilon: Float
  public var activation: Activation

  public init(
    encoder: EncoderKind = .plain, inputChannels: Int, outputChannels: Int, features: [Int], kernels: [[Int]],
    strides: [[Int]], convolutionsPerStage: [Int], convolutionsPerDecoderStage: [Int], convolutionBias: Bool = true,
    normalization: NormalizationKind? = .instance(affine: true), normEpsilon: Float = 1e-5, activation: Activation
  ) {
    self.encoder = encoder
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.features = features
    self.kernels = kernels
    self.strides = strides
    self.convolutionsPerStage = convolutionsPerStage
    self.convolutionsPerDecoderStage = convolutionsPerDecoderStage
    self.convolutionBias = convolutionBias
    self.normalization = normalization
    self.normEpsilon = normEpsilon
    self.activation = activation
  }

  /// The architecture with batch normalization where weights have its running statistics.
  ///
  /// nnU-Net's `nnUNetTrainerBN` puts it in the place of the plan's instance normalization; the plan keeps silent about
  /// it.
  public func withNormalization(of weights: Safetensors) -> Architecture {
    var architecture = self
    if weights.entries.keys.contains(where: { $0.hasSuffix(".norm.running_mean") }) {
      architecture.normalization = .batch(affine: true)
    }
    return architecture
  }

  /// What each patch axis must be a multiple of: the product of the strides.
  public var divisors: [Int] {
    strides.reduce([1, 1, 1]) { zip($0, $1).map { $0.multipliedReportingOverflow(by: $1).partialValue } }
  }

  /// Elements of the largest of all stages' features, of one sample.
  func largestFeatures(patch: [Int]) -> Int {
    var extent = patch
    return zip(strides, features).map { stride, channels in
      extent = zip(extent, stride).map { $0 / $1 }
      return extent.reduce(channels, *)
    }.max() ?? 0
  }

  /// - Throws: `InputError` when the numbers do not describe a network.
  public func validate() throws {
    func refuse(_ found: String, _ expected: String) -> InputError {
      InputError("architecture", found: found, expected: expected)
    }
    let stages = features.count
    guard stages >= 2, stages <= 16 else { throw refuse("\(stages) stages", "2 to 16") }
    guard kernels.count == stages, strides.count == stages, convolutionsPerStage.count == stages,
      convolutionsPerDecoderStage.count == stages - 1
    else {
      throw refuse(
        "\(stages) features, \(kernels.count) kernels, \(strides.count) strides, \(convolutionsPerStage.count) encoder and "
          + "\(convolutionsPerDecoderStage.count) decoder stages", "one of each a stage, and a decoder stage fewer")
    }
    guard (kernels + strides).allSatisfy({ $0.count == 3 }) else {
      throw refuse("a kernel or stride without three axes", "a 3-D network")
    }
    guard kernels.joined().allSatisfy({ 1...15 ~= $0 && $0 % 2 == 1 }) else {
      throw refuse("kernels \(kernels)", "odd edges from 1 to 15")
    }
    guard strides.joined().allSatisfy({ 1...8 ~= $0 }), strides[0] == [1, 1, 1] else {
      throw refuse("strides \(strides)", "1 to 8, and 1 in the first stage")
    }
    guard features.allSatisfy({ 1...4096 ~= $0 }),
      (convolutionsPerStage + convolutionsPerDecoderStage).allSatisfy({ 1...16 ~= $0 }),
      1...4096 ~= inputChannels, 1...4096 ~= outputChannels
    else {
      throw refuse(
        "features \(features), \(inputChannels) input and \(outputChannels) output channels", "1 to 4096 of each")
    }
    guard normEpsilon > 0, normEpsilon.isFinite else {
      throw refuse("normalization epsilon \(normEpsilon)", "a positive number")
    }
    switch activation {
    case .leakyReLU(let number), .elu(let number):
      guard number >= 0, number.isFinite else { throw refuse("activation \(activation)", "no negative number") }
    case .relu, .gelu, .silu, .mish: break
    }
  }

  /// - Throws: `InputError` when `patch` cannot be halved as often as the strides ask, naming the next larger patch
  ///   that can.
  public func validate(patch: [Int]) throws {
    let divisors = divisors
    guard patch.count == 3, patch.allSatisfy({ 1...4096 ~= $0 }) else {
      throw InputError("patch size", found: "\(patch)", expected: "three edges of 1 to 4096 voxels")
    }
    guard zip(patch, divisors).allSatisfy({ $0 % $1 == 0 }) else {
      let next = zip(patch, divisors).map { ($0 + $1 - 1) / $1 * $1 }
      throw InputError(
        "patch size", found: "\(patch)", expected: "multiples of \(divisors), the product of the network's strides",
        advice: "\(next) would do.")
    }
  }
}
