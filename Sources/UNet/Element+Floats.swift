import Tensors

extension Element {
  /// Returns `count` elements as 32-bit floats.
  ///
  /// - Parameter copy: Memory for `count` floats, which receives the converted elements. It is not
  ///   used where the elements are floats already; the result is then `source` itself.
  static func floats(
    _ source: UnsafeMutablePointer<Self>, _ count: Int, _ copy: UnsafeMutablePointer<Float>
  ) -> UnsafeMutablePointer<Float> {
    if precision == .float32 { return UnsafeMutableRawPointer(source).assumingMemoryBound(to: Float.self) }
    for i in 0..<count { copy[i] = source[i].float }
    return copy
  }
}
