/// A number that tensors are made of. It is public for the loops of other modules to be compiled for each of the two.
public protocol Element: Sendable {
  static var precision: Precision { get }
  init(_ x: Float)
  var float: Float { get }
}

/// A number that is handled sixteen at a time.
package protocol VectorElement: Element {
  /// Sixteen neighbors; the address need not be aligned.
  static func load(_ place: UnsafePointer<Self>) -> SIMD16<Float>
  static func store(_ lane: SIMD16<Float>, _ place: UnsafeMutablePointer<Self>)
}

extension Float: VectorElement {
  public static var precision: Precision { .float32 }
  @inlinable @inline(__always)
  public var float: Float { self }

  @inline(__always)
  package static func load(_ place: UnsafePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(place).loadUnaligned(as: SIMD16<Float>.self)
  }

  @inline(__always)
  package static func store(_ lane: SIMD16<Float>, _ place: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(place).storeBytes(of: lane, as: SIMD16<Float>.self)
  }
}
