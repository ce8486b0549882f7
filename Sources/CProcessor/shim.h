#include <cpuid.h>

// A register of the answer of CPUID, 0 to 3 for EAX, EBX, ECX and EDX; 0 where the processor does not know the leaf.
static inline unsigned processor_identification(unsigned leaf, unsigned subleaf, int reg) {
  unsigned registers[4] = {0, 0, 0, 0};
  __get_cpuid_count(leaf, subleaf, &registers[0], &registers[1], &registers[2], &registers[3]);
  return registers[reg];
}

// XCR0: which registers the system saves. Instructions whose registers it does not save cannot be used.
static inline unsigned long long processor_saved_registers(void) {
  if (!(processor_identification(1, 0, 2) & 1u << 27)) return 0;
  unsigned low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (unsigned long long)high << 32 | low;
}

// The instructions that the compiler was allowed to use where this is called, by their names in /proc/cpuinfo.
static inline __attribute__((always_inline)) char const *processor_built_for(void) {
  return ""
#ifdef __AVX__
         "avx "
#endif
#ifdef __F16C__
         "f16c "
#endif
#ifdef __AVX2__
         "avx2 "
#endif
#ifdef __FMA__
         "fma "
#endif
#ifdef __BMI__
         "bmi1 "
#endif
#ifdef __BMI2__
         "bmi2 "
#endif
#ifdef __LZCNT__
         "abm "
#endif
#ifdef __MOVBE__
         "movbe "
#endif
#ifdef __AVXVNNI__
         "avx_vnni "
#endif
#ifdef __AVX512F__
         "avx512f "
#endif
#ifdef __AVX512CD__
         "avx512cd "
#endif
#ifdef __AVX512BW__
         "avx512bw "
#endif
#ifdef __AVX512DQ__
         "avx512dq "
#endif
#ifdef __AVX512VL__
         "avx512vl "
#endif
#ifdef __AVX512IFMA__
         "avx512ifma "
#endif
#ifdef __AVX512VBMI__
         "avx512vbmi "
#endif
#ifdef __AVX512VBMI2__
         "avx512_vbmi2 "
#endif
#ifdef __AVX512VNNI__
         "avx512_vnni "
#endif
#ifdef __AVX512BITALG__
         "avx512_bitalg "
#endif
#ifdef __AVX512VPOPCNTDQ__
         "avx512_vpopcntdq "
#endif
#ifdef __AVX512BF16__
         "avx512_bf16 "
#endif
#ifdef __AVX512FP16__
         "avx512_fp16 "
#endif
      ;
}

// Asks for the cache line at an address, which need not be valid, before it is read.
static inline __attribute__((always_inline)) void processor_prefetch(void const *address) {
  __builtin_prefetch(address, 0, 3);
}
