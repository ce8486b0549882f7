/// The type of a tensor's elements: `Float` or ``BFloat16``.
///
/// The protocol is public so that the loops of other modules can be specialized for both types.
public protocol Element: Sendable {
  /// The precision of tensors that have elements of this type.
  static var precision: Precision { get }
  /// Rounds a 32-bit float to the nearest value of this type.
  init(_ x: Float)
  /// The same value as a 32-bit float; the conversion is exact.
  var float: Float { get }
}

/// An element type that is loaded and stored sixteen elements at a time; arithmetic is in 32-bit floats.
public protocol VectorElement: Element {
  /// Loads sixteen consecutive elements. The address need not be aligned.
  static func load(_ pointer: UnsafePointer<Self>) -> SIMD16<Float>
  /// Rounds and stores sixteen consecutive elements. The address need not be aligned.
  static func store(_ vector: SIMD16<Float>, _ pointer: UnsafeMutablePointer<Self>)
}

extension Float: VectorElement {
  public static var precision: Precision { .float32 }
  @inlinable @inline(__always)
  public var float: Float { self }

  @inlinable @inline(__always)
  public static func load(_ pointer: UnsafePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(pointer).loadUnaligned(as: SIMD16<Float>.self)
  }

  @inlinable @inline(__always)
  public static func store(_ vector: SIMD16<Float>, _ pointer: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: vector, as: SIMD16<Float>.self)
  }
}
