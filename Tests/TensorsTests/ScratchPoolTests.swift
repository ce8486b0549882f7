import Tensors
import Testing

/// Protects the reuse of memory, so that a training step in steady state allocates none.
@Suite struct ScratchPoolTests {
  @Test func lendsTheSmallestThatSuffices() {
    let pool = ScratchPool()
    var (small, large): (UnsafeMutablePointer<Float>?, UnsafeMutablePointer<Float>?)
    pool.use(1000) { first in
      large = first
      pool.use(100) { small = $0 }
    }
    #expect(small != large)
    pool.use(50) { #expect($0 == small) }
    pool.use(101) { #expect($0 == large) }
    pool.use(100) { first in
      #expect(first == small)
      pool.use(100) { #expect($0 == large) }
    }
  }
}
