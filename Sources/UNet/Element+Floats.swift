import Tensors

extension Element {
  /// The numbers as 32-bit floats: where they lie, or in `copy`, which has room for `count`.
  static func floats(
    _ source: UnsafeMutablePointer<Self>, _ count: Int, _ copy: UnsafeMutablePointer<Float>
  ) -> UnsafeMutablePointer<Float> {
    if precision == .float32 { return UnsafeMutableRawPointer(source).assumingMemoryBound(to: Float.self) }
    for i in 0..<count { copy[i] = source[i].float }
    return copy
  }
}
