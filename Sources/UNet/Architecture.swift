import Files
import TensorFiles
import Tensors

/// The architecture of a network, as a plan defines it: nnU-Net's `PlainConvUNet` or
/// `ResidualEncoderUNet`.
///
/// Encoder stage `s` is a chain of `convolutionsPerStage[s]` blocks with `features[s]` channels and
/// kernel `kernels[s]`. Its first block has stride `strides[s]`. In a plain encoder, a block is a
/// convolution, a normalization and an activation. In a residual encoder, a block is two
/// convolutions and a shortcut, and a single convolution, the stem, precedes the first stage.
///
/// The decoder returns to the full resolution with transposed convolutions, whose kernels and
/// strides are the encoder's strides. Kernels and strides are in the order (z, y, x).
public struct Architecture: Sendable, Equatable, Codable {
  /// The kind of blocks in the encoder.
  public enum EncoderKind: String, Sendable, Equatable, Codable {
    /// Single convolutions: nnU-Net's `PlainConvUNet`.
    case plain
    /// The basic blocks of ResNet-D: nnU-Net's `ResidualEncoderUNet`.
    case residual
  }

  /// The kind of blocks in the encoder.
  public var encoder: EncoderKind
  /// The number of channels of the images.
  public var inputChannels: Int
  /// The number of channels of the logits: one for each class, background included, or one for each
  /// region.
  public var outputChannels: Int
  /// The number of channels of each stage, full resolution first.
  public var features: [Int]
  /// The kernel of each stage's convolutions, (z, y, x).
  public var kernels: [[Int]]
  /// The stride at the start of each encoder stage, (z, y, x); 1 in the first stage.
  public var strides: [[Int]]
  /// The number of blocks in each encoder stage, without the stem.
  public var convolutionsPerStage: [Int]
  /// The number of blocks in each decoder stage, lowest resolution first. There is one decoder
  /// stage fewer than encoder stages.
  public var convolutionsPerDecoderStage: [Int]
  /// Whether convolutions and transposed convolutions have a bias. The segmentation heads always
  /// have one.
  public var convolutionBias: Bool
  /// The normalization after each convolution; `nil` when there is none.
  public var normalization: NormalizationKind?
  /// The number that is added to the variance in a normalization.
  public var normEpsilon: Float
  /// The activation after each normalization.
  public var activation: Activation

  /// Creates an architecture without checking it; see ``validate()``.
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

  /// Returns this architecture with batch normalization if the weights contain running statistics.
  ///
  /// nnU-Net's `nnUNetTrainerBN` trains with batch normalization instead of the plan's instance
  /// normalization, and does not change the plan.
  ///
  /// - Parameter weights: The weights that the network will load.
  /// - Returns: The architecture that fits the weights.
  public func withNormalization(of weights: Safetensors) -> Architecture {
    var architecture = self
    if weights.entries.keys.contains(where: { $0.hasSuffix(".norm.running_mean") }) {
      architecture.normalization = .batch(affine: true)
    }
    return architecture
  }

  /// The number of voxels of which each edge of a patch must be a multiple, (z, y, x): the product
  /// of the strides.
  ///
  /// The product wraps around on overflow, because the strides may not have been validated yet.
  public var divisors: [Int] {
    strides.reduce([1, 1, 1]) { zip($0, $1).map { $0.multipliedReportingOverflow(by: $1).partialValue } }
  }

  /// Returns the number of elements of the largest feature map of any stage, for one sample.
  func largestFeatures(patch: [Int]) -> Int {
    var extent = patch
    return zip(strides, features).map { stride, channels in
      extent = zip(extent, stride).map { $0 / $1 }
      return extent.reduce(channels, *)
    }.max() ?? 0
  }

  /// Checks that the numbers describe a network.
  ///
  /// - Throws: `InputError` when they do not.
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
        "\(stages) features, \(kernels.count) kernels, \(strides.count) strides, "
          + "\(convolutionsPerStage.count) encoder and \(convolutionsPerDecoderStage.count) decoder stages",
        "one of each for every stage, and one decoder stage fewer")
    }
    guard (kernels + strides).allSatisfy({ $0.count == 3 }) else {
      throw refuse("a kernel or stride without three axes", "a 3-D network")
    }
    guard kernels.joined().allSatisfy({ 1...15 ~= $0 && $0 % 2 == 1 }) else {
      throw refuse("kernels \(kernels)", "odd sizes from 1 to 15")
    }
    guard strides.joined().allSatisfy({ 1...8 ~= $0 }), strides[0] == [1, 1, 1] else {
      throw refuse("strides \(strides)", "1 to 8, and 1 in the first stage")
    }
    guard features.allSatisfy({ 1...4096 ~= $0 }),
      (convolutionsPerStage + convolutionsPerDecoderStage).allSatisfy({ 1...16 ~= $0 }),
      1...4096 ~= inputChannels, 1...4096 ~= outputChannels
    else {
      throw refuse(
        "features \(features), blocks \(convolutionsPerStage + convolutionsPerDecoderStage), "
          + "\(inputChannels) input and \(outputChannels) output channels",
        "1 to 4096 features and channels, and 1 to 16 blocks in each stage")
    }
    guard normEpsilon > 0, normEpsilon.isFinite else {
      throw refuse("normalization epsilon \(normEpsilon)", "a positive number")
    }
    switch activation {
    case .leakyReLU(let number), .elu(let number):
      guard number >= 0, number.isFinite else {
        throw refuse("activation \(activation)", "a finite parameter of 0 or more")
      }
    case .relu, .gelu, .silu, .mish: break
    }
  }

  /// Checks that the network can be applied to patches of a size.
  ///
  /// - Parameter patch: The edges of the patch in voxels, (z, y, x).
  /// - Throws: `InputError` when an edge is not a multiple of the product of the strides. The error
  ///   names the next larger patch whose edges are.
  public func validate(patch: [Int]) throws {
    let divisors = divisors
    guard patch.count == 3, patch.allSatisfy({ 1...4096 ~= $0 }) else {
      throw InputError("patch size", found: "\(patch)", expected: "three edges of 1 to 4096 voxels")
    }
    guard zip(patch, divisors).allSatisfy({ $0 % $1 == 0 }) else {
      let next = zip(patch, divisors).map { ($0 + $1 - 1) / $1 * $1 }
      throw InputError(
        "patch size", found: "\(patch)", expected: "multiples of \(divisors), the product of the network's strides",
        advice: "Use \(next).")
    }
  }
}
