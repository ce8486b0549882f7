import CBFloat16

/// A 32-bit float's upper half.
@frozen
public struct BFloat16: Sendable {
  @usableFromInline var bits: UInt16

  /// Rounds to nearest, ties to even.
  @inlinable @inline(__always)
  public init(_ x: Float) {
    let wide = x.bitPattern
    let rounded = (wide &+ 0x7fff &+ (wide >> 16 & 1)) >> 16
    bits = UInt16(truncatingIfNeeded: x.isNaN ? wide >> 16 | 0x40 : rounded)
  }

  @inlinable @inline(__always)
  public var float: Float { Float(bitPattern: UInt32(bits) << 16) }
}

extension BFloat16: VectorElement {
  public static var precision: Precision { .bfloat16 }

  @inline(__always)
  package static func load(_ place: UnsafePointer<BFloat16>) -> SIMD16<Float> {
    bf16_widen(UnsafeRawPointer(place).loadUnaligned(as: SIMD16<UInt16>.self))
  }

  @inline(__always)
  package static func store(_ lane: SIMD16<Float>, _ place: UnsafeMutablePointer<BFloat16>) {
    UnsafeMutableRawPointer(place).storeBytes(of: bits(lane), as: SIMD16<UInt16>.self)
  }

  /// The upper halves, rounded.
  @inline(__always)
  static func bits(_ lane: SIMD16<Float>) -> SIMD16<UInt16> { bf16_round(lane) }
}
