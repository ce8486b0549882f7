import COpenBLAS
import Foundation

/// Matrix products on a single thread: the program's own threads compute one tile each.
package enum BLAS {
  private static let configured: Void = {
    // A core type that the user has set is kept.
    if let better = betterKernels(than: coreName), getenv("OPENBLAS_CORETYPE") == nil {
      setenv("OPENBLAS_CORETYPE", better, 0)
      gotoblas_dynamic_quit()
      gotoblas_dynamic_init()
    }
    openblas_set_num_threads(1)
  }()

  /// The kernels that suit this processor better than those OpenBLAS has chosen; `nil` when it has chosen well.
  ///
  /// OpenBLAS 0.3.21 takes processors newer than itself for Haswell, which leaves half of the speed of an AVX-512
  /// processor unused, or for Prescott, which leaves four fifths unused.
  private static func betterKernels(than chosen: String) -> String? {
    let isOld = !["Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids"].contains(chosen)
    if hasAVX512, isOld || chosen == "Haswell" { return "SkylakeX" }
    return blas_has_avx2 == 1 && isOld ? "Haswell" : nil
  }

  /// The name of the processor whose kernels OpenBLAS uses.
  static var kernels: String {
    _ = configured
    return coreName
  }

  /// Whether the program was built for a processor with AVX-512.
  static var hasAVX512: Bool { blas_has_avx512 == 1 }

  private static var coreName: String { openblas_get_corename().map { String(cString: $0) } ?? "" }

  /// Computes `c = a b` or `c += a b` for row-major matrices.
  ///
  /// - Parameters:
  ///   - m: Rows of `a` and `c`.
  ///   - n: Columns of `b` and `c`.
  ///   - k: Columns of `a` and rows of `b`.
  ///   - a: An m x k matrix, stored as k x m when `transposeA` is true.
  ///   - lda: Elements from one stored row of `a` to the next.
  ///   - b: A k x n matrix, stored as n x k when `transposeB` is true.
  ///   - ldb: Elements from one stored row of `b` to the next.
  ///   - c: An m x n matrix.
  ///   - ldc: Elements from one row of `c` to the next.
  ///   - accumulate: Whether the product is added to `c` instead of replacing it.
  @inline(__always)
  package static func multiply(
    _ m: Int, _ n: Int, _ k: Int, a: UnsafePointer<Float>, _ lda: Int, transposeA: Bool = false,
    b: UnsafePointer<Float>, _ ldb: Int, transposeB: Bool = false, c: UnsafeMutablePointer<Float>, _ ldc: Int,
    accumulate: Bool = false
  ) {
    _ = configured
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasint(m),
      blasint(n), blasint(k), 1, a, blasint(lda), b, blasint(ldb), accumulate ? 1 : 0, c, blasint(ldc))
  }
}
