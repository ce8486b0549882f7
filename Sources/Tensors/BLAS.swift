import COpenBLAS
import Foundation

/// Matrix products on a single thread: the threads are ours, a tile each.
package enum BLAS {
  private static let ready: Void = {
    // OpenBLAS 0.3.21 takes processors younger than itself for Haswell and leaves half of an AVX-512 processor's speed unused. What the user
    // has set stays.
    if blas_has_avx512 == 1, kernels == "Haswell", getenv("OPENBLAS_CORETYPE") == nil {
      setenv("OPENBLAS_CORETYPE", "SkylakeX", 0)
      gotoblas_dynamic_quit()
      gotoblas_dynamic_init()
    }
    openblas_set_num_threads(1)
  }()

  /// The processor whose kernels OpenBLAS uses.
  static var kernels: String { openblas_get_corename().map { String(cString: $0) } ?? "" }

  /// `c = a b` or `c += a b`, row by row: a is m x k, b is k x n, c is m x n; `transposeA` when a is stored k x m,
  /// `transposeB` when b is stored n x k. Leading dimensions are the distances between stored rows.
  @inline(__always)
  package static func multiply(
    _ m: Int, _ n: Int, _ k: Int, a: UnsafePointer<Float>, _ lda: Int, transposeA: Bool = false,
    b: UnsafePointer<Float>, _ ldb: Int, transposeB: Bool = false, c: UnsafeMutablePointer<Float>, _ ldc: Int,
    accumulate: Bool = false
  ) {
    _ = ready
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans, blasint(m),
      blasint(n), blasint(k), 1, a, blasint(lda), b, blasint(ldb), accumulate ? 1 : 0, c, blasint(ldc))
  }
}
