import Files

/// The implementation that computes the convolutions.
public enum Engine: String, Sendable, CaseIterable {
  /// The faster one for each shape, as measured: Winograd where it applies, oneDNN elsewhere.
  case auto
  /// Matrix products by OpenBLAS: Winograd's algorithm where it applies, im2col elsewhere.
  case blas
  /// oneDNN for every shape.
  case onednn

  /// Creates a convolution that this engine computes.
  ///
  /// - Parameters:
  ///   - shape: Everything that is fixed about the convolution.
  ///   - precision: The precision of the input, the output and the products.
  ///   - training: Whether there will be backward passes.
  ///   - scratch: Scratch memory, which several convolutions can share.
  /// - Throws: `InputError` when the precision is not available; ``OneDNNError`` when oneDNN cannot
  ///   compute the shape.
  public func convolution(
    _ shape: ConvolutionShape, precision: Precision = .float32, training: Bool = true,
    scratch: ScratchPool = ScratchPool()
  ) throws -> any Convolution {
    try check(precision)
    if self != .onednn, precision == .float32, LargeTileConvolution.suits(shape) {
      return LargeTileConvolution(shape, training: training, scratch: scratch)
    }
    if self != .onednn, WinogradConvolution.suits(shape) {
      return WinogradConvolution(shape, precision: precision, training: training, scratch: scratch)
    }
    return self == .blas || !OneDNNConvolution.suits(shape)
      ? Im2ColConvolution(shape, training: training, scratch: scratch)
      : try OneDNNConvolution(shape, precision: precision, training: training)
  }

  /// Checks that this engine can compute convolutions of the given precision on this machine.
  ///
  /// - Throws: `InputError` with the reason when it cannot.
  public func check(_ precision: Precision) throws {
    guard precision.isNative else {
      throw InputError(
        "precision", found: "bfloat16",
        expected: "a processor with AVX-512 BF16, which multiplies such numbers",
        advice: "Use --precision float32, or build hwsseg on the machine that runs it.")
    }
    if self == .blas, precision == .bfloat16 {
      throw InputError(
        "precision", found: "bfloat16 with --engine blas, which multiplies only 32-bit floats", expected: "float32",
        advice: "Use --engine auto or onednn.")
    }
  }
}
