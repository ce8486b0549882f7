import CBFloat16

/// What a network's activations are kept in, and its convolutions multiply. Weights, statistics, losses and the optimizer are
/// 32-bit floats either way.
public enum Precision: String, Sendable, CaseIterable {
  case float32
  /// The upper half of a 32-bit float: 8 bits of precision, the same range.
  case bfloat16

  /// Bytes of a number.
  public var size: Int { self == .float32 ? 4 : 2 }

  /// Whether the program was built for a processor that multiplies it itself (AVX-512 BF16).
  public var isNative: Bool { self == .float32 || bf16_is_native == 1 }
}
