import CBFloat16

/// The number format of a network's activations and of the products in its convolutions.
///
/// Weights, statistics, losses and the optimizer's state are 32-bit floats in either precision.
public enum Precision: String, Sendable, CaseIterable {
  /// IEEE 754 single precision.
  case float32
  /// The upper 16 bits of a 32-bit float: the same range, 8 bits of precision.
  case bfloat16

  /// Bytes of one number.
  public var size: Int { self == .float32 ? 4 : 2 }

  /// Whether the program was built for a processor that multiplies numbers of this precision in hardware.
  ///
  /// For ``bfloat16`` that takes AVX-512 BF16.
  public var isNative: Bool { self == .float32 || bf16_is_native == 1 }
}
