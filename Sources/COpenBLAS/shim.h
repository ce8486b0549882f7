#include <cblas.h>

#ifdef __AVX512F__
enum { blas_has_avx512 = 1 };
#else
enum { blas_has_avx512 = 0 };
#endif

#if defined(__AVX2__) && defined(__FMA__)
enum { blas_has_avx2 = 1 };
#else
enum { blas_has_avx2 = 0 };
#endif

// Choose OpenBLAS's kernels anew, by OPENBLAS_CORETYPE; its headers do not name them.
void gotoblas_dynamic_quit(void);
void gotoblas_dynamic_init(void);
