#include <immintrin.h>

// The instructions of AVX-512 BF16, which Swift cannot name, with a replacement for processors that lack
// them. The replacement of bf16_dot may round differently.

typedef float bf16_floats __attribute__((ext_vector_type(16)));
typedef unsigned bf16_pairs __attribute__((ext_vector_type(16)));
typedef unsigned short bf16_bits __attribute__((ext_vector_type(16)));

#ifdef __AVX512BF16__
enum { bf16_is_native = 1 };
#else
enum { bf16_is_native = 0 };
#endif

// Adds to each element of `sum` the products of the two halves of its pairs in `a` and `b`.
static inline __attribute__((always_inline)) bf16_floats bf16_dot(bf16_floats sum, bf16_pairs a, bf16_pairs b) {
#ifdef __AVX512BF16__
  return (bf16_floats)_mm512_dpbf16_ps((__m512)sum, (__m512bh)a, (__m512bh)b);
#else
  const bf16_pairs high = (bf16_pairs)0xffff0000u;
  return sum + (bf16_floats)(a << 16) * (bf16_floats)(b << 16) + (bf16_floats)(a & high) * (bf16_floats)(b & high);
#endif
}

// Rounds to the nearest bfloat16, ties to even; returns the bits.
static inline __attribute__((always_inline)) bf16_bits bf16_round(bf16_floats x) {
#ifdef __AVX512BF16__
  return (bf16_bits)_mm512_cvtneps_pbh((__m512)x);
#else
  bf16_pairs bits = (bf16_pairs)x;
  bf16_pairs quiet = (bits >> 16) | 0x40;
  bf16_pairs rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  bf16_pairs isNaN = (bf16_pairs)(x != x);
  return __builtin_convertvector((quiet & isNaN) | (rounded & ~isNaN), bf16_bits);
#endif
}

// Zero-extends each number to a pair whose first (lower) half it is; the second half is zero.
static inline __attribute__((always_inline)) bf16_pairs bf16_first(bf16_bits x) {
  return __builtin_convertvector(x, bf16_pairs);
}

// Converts to 32-bit floats, exactly.
static inline __attribute__((always_inline)) bf16_floats bf16_widen(bf16_bits x) {
  return (bf16_floats)(__builtin_convertvector(x, bf16_pairs) << 16);
}
