import CBFloat16
import Tensors
import Threads

/// The best rates of this machine on all cores, as measured.
struct Rates {
  /// GFLOP/s of matrix products of 32-bit floats.
  let float32: Double
  /// GFLOP/s of `BFloat16` dot products in registers; 0 when the processor has none.
  let bfloat16: Double
  /// GB/s of a copy larger than the caches, counting both reads and writes.
  let memory: Double

  /// Measures the rates of `threads` threads.
  init(threads: Int) {
    float32 = Self.products(threads)
    bfloat16 = Precision.bfloat16.isNative ? Self.dots(threads) : 0
    memory = Self.copies(threads)
  }

  /// GFLOP/s of products in the given precision.
  subscript(precision: Precision) -> Double { precision == .float32 ? float32 : bfloat16 }

  private static func products(_ threads: Int) -> Double {
    let n = 768
    let matrices = (0..<threads).map { _ in Tensor([3, n, n]) }
    let pointers = SharedPointer(matrices.map(\.pointer))
    let seconds = fastest(of: 5) {
      Parallel.forEach(threads) { thread in
        let a = pointers.pointer[thread]
        BLAS.multiply(n, n, n, a: a, n, b: a + n * n, n, c: a + 2 * n * n, n)
      }
    }
    return withExtendedLifetime(matrices) { Double(threads * 2 * n * n * n) / seconds / 1e9 }
  }

  private static func dots(_ threads: Int) -> Double {
    let repetitions = 2_000_000
    let sums = Tensor([threads, 16])
    let results = SharedPointer(sums.pointer)
    let seconds = fastest(of: 5) {
      Parallel.forEach(threads) { thread in
        let pair = SIMD16<UInt32>(repeating: 0x3f80_3f80)
        var a = SIMD16<Float>(repeating: Float(thread))
        var (b, c, d, e, f, g, h) = (a, a, a, a, a, a, a)
        for _ in 0..<repetitions {
          a = bf16_dot(a, pair, pair)
          b = bf16_dot(b, pair, pair)
          c = bf16_dot(c, pair, pair)
          d = bf16_dot(d, pair, pair)
          e = bf16_dot(e, pair, pair)
          f = bf16_dot(f, pair, pair)
          g = bf16_dot(g, pair, pair)
          h = bf16_dot(h, pair, pair)
        }
        Float.store(a + b + c + d + e + f + g + h, results.pointer + 16 * thread)
      }
    }
    return withExtendedLifetime(sums) { Double(threads * repetitions * 8 * 64) / seconds / 1e9 }
  }

  private static func copies(_ threads: Int) -> Double {
    let count = 1 << 26
    let (source, target) = (Tensor([count]), Tensor([count]))
    let (s, t) = (SharedPointer(source.pointer), SharedPointer(target.pointer))
    let seconds = fastest(of: 3) {
      Parallel.chunks(count, size: 1 << 16) {
        (t.pointer + $0.lowerBound).update(from: s.pointer + $0.lowerBound, count: $0.count)
      }
    }
    return withExtendedLifetime((source, target)) { Double(8 * count) / seconds / 1e9 }
  }
}

/// The shortest of `count` runs of `body` in seconds, after one run that is not counted.
func fastest(of count: Int, _ body: () -> Void) -> Double {
  body()
  return (0..<count).map { _ in ContinuousClock().measure(body) / .seconds(1) }.min() ?? 0
}
