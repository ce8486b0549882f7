/// A number that tensors are made of.
package protocol Element: Sendable {
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
  package static var precision: Precision { .float32 }
  @inlinable @inline(__always)
  package var float: Float { self }

  @inlinable @inline(__always)
  package static func load(_ place: UnsafePointer<Float>) -> SIMD16<Float> {
    UnsafeRawPointer(place).loadUnaligned(as: SIMD16<Float>.self)
  }

  @inlinable @inline(__always)
  package static func store(_ lane: SIMD16<Float>, _ place: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(place).storeBytes(of: lane, as: SIMD16<Float>.self)
  }

  package static func floats(
    _ source: UnsafeMutablePointer<Float>, _ count: Int, _ copy: UnsafeMutablePointer<Float>
  ) -> UnsafeMutablePointer<Float> { source }
}
