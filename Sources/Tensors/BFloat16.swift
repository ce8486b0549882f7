import CBFloat16

/// What a network's activations are kept in, and its convolutions multiply. Weights, statistics, losses and the optimiser are
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

/// A number that tensors are made of.
public protocol Element: Sendable {
  static var precision: Precision { get }
  init(_ x: Float)
  var float: Float { get }
  /// Sixteen neighbours; the address need not be aligned.
  static func load(_ place: UnsafePointer<Self>) -> SIMD16<Float>
  static func store(_ lane: SIMD16<Float>, _ place: UnsafeMutablePointer<Self>)
  /// The numbers as 32-bit floats: where they lie, or in `copy`, which has room for `count`.
  static func floats(
    _ source: UnsafeMutablePointer<Self>, _ count: Int, _ copy: UnsafeMutablePointer<Float>
  ) -> UnsafeMutablePointer<Float>
}

extension Float: Element {
  public static var precision: Precision { .float32 }
  @inlinable @inline(__always)
  public var float: Float { self }

  @inlinable @inline(__always)
  public static func load(_ place: UnsafePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(place).loadUnaligned(as: SIMD16<Float>.self)
  }

  @inlinable @inline(__always)
  public static func store(_ lane: SIMD16<Float>, _ place: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(place).storeBytes(of: lane, as: SIMD16<Float>.self)
  }

  public static func floats(
    _ source: UnsafeMutablePointer<Float>, _ count: Int, _ copy: UnsafeMutablePointer<Float>
  ) -> UnsafeMutablePointer<Float> { source }
}

extension BFloat16: Element {
  public static var precision: Precision { .bfloat16 }

  @inline(__always)
  public static func load(_ place: UnsafePointer<BFloat16>) -> SIMD16<Float> {
    bf16_widen(UnsafeRawPointer(place).loadUnaligned(as: SIMD16<UInt16>.self))
  }

  @inline(__always)
  public static func store(_ lane: SIMD16<Float>, _ place: UnsafeMutablePointer<BFloat16>) {
    UnsafeMutableRawPointer(place).storeBytes(of: bits(lane), as: SIMD16<UInt16>.self)
  }

  public static func floats(
    _ source: UnsafeMutablePointer<BFloat16>, _ count: Int, _ copy: UnsafeMutablePointer<Float>
  ) -> UnsafeMutablePointer<Float> {
    for i in 0..<count { copy[i] = source[i].float }
    return copy
  }

  /// The upper halves, rounded.
  @inline(__always)
  static func bits(_ lane: SIMD16<Float>) -> SIMD16<UInt16> { bf16_round(lane) }
}
