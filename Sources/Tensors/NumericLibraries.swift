import COneDNN
import COpenBLAS
import CProcessor

/// What the convolutions are computed with.
public enum NumericLibraries {
  /// OpenBLAS's version and options, with the processor whose kernels it uses.
  public static var openBLAS: String {
    let configuration = openblas_get_config().map { String(cString: $0) } ?? "OpenBLAS"
    return "\(configuration.split(separator: " ").dropFirst().joined(separator: " ")), kernels for \(BLAS.kernels)"
  }

  /// oneDNN's version.
  public static var oneDNN: String {
    guard let version = dnnl_version()?.pointee else { return "unknown" }
    return "\(version.major).\(version.minor).\(version.patch)"
  }

  /// The processor's instructions that rooms with hot loops were compiled for, by their names in `/proc/cpuinfo`, with
  /// blanks between them.
  ///
  /// A C string, so that asking for it takes none of these instructions.
  // Inlined elsewhere, it would give the instructions of the room that calls it.
  @inline(never)
  public static func builtFor() -> UnsafePointer<CChar> { processor_built_for() }
}
