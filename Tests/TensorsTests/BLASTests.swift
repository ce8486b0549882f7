import Foundation
import Testing

@testable import Tensors

/// Protects the speed of matrix products: OpenBLAS takes processors that are newer than itself for very old ones.
@Suite struct BLASTests {
  @Test func kernelsSuitTheProcessor() throws {
    let (a, b, c) = (Tensor([1, 1]), Tensor([1, 1]), Tensor([1, 1]))
    BLAS.multiply(1, 1, 1, a: a.pointer, 1, b: b.pointer, 1, c: c.pointer, 1)
    let flags = try String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8).split { $0 == " " || $0 == "\n" }
    guard flags.contains("avx2"), flags.contains("fma") else { return }
    #expect(!["Prescott", "Core2", "Penryn", "Nehalem", "Atom", "Generic", "Unknown"].contains(BLAS.kernels))
  }
}
