import CBFloat16

/// A bfloat16 number: the upper 16 bits of a 32-bit float.
///
/// It has the range of a 32-bit float and 8 bits of precision.
@frozen
public struct BFloat16: Sendable {
  @usableFromInline var bits: UInt16

  /// Rounds to the nearest value, ties to even. NaN stays NaN.
  @inlinable @inline(__always)
  public init(_ x: Float) {
    let wide = x.bitPattern
    let rounded = (wide &+ 0x7fff &+ (wide >> 16 & 1)) >> 16
    bits = UInt16(truncatingIfNeeded: x.isNaN ? wide >> 16 | 0x40 : rounded)
  }

  /// The same value as a 32-bit float; the conversion is exact.
  @inlinable @inline(__always)
  public var float: Float { Float(bitPattern: UInt32(bits) << 16) }
}

extension BFloat16: VectorElement {
  public static var precision: Precision { .bfloat16 }

  @inlinable @inline(__always)
  public static func load(_ pointer: UnsafePointer<BFloat16>) -> SIMD16<Float> {
    bf16_widen(UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<UInt16>.self))
  }

  @inlinable @inline(__always)
  public static func store(_ vector: SIMD16<Float>, _ pointer: UnsafeMutablePointer<BFloat16>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: bits(vector), as: SIMD16<UInt16>.self)
  }

  /// The bit patterns of sixteen rounded numbers.
  @inlinable @inline(__always)
  static func bits(_ vector: SIMD16<Float>) -> SIMD16<UInt16> { bf16_round(vector) }
}
