import Foundation

/// The weights a network starts from.
enum Initialization {
  /// Kaiming normal for a leaky slope of 0.01 over the fan-in, as nnU-Net whatever the activation; biases stay zero and
  /// norms one. As PyTorch counts it, the fan-in of a transposed convolution is by its *output* channels.
  static func kaiming(_ parameters: [Parameter], seed: UInt64) {
    var random = SplitMix64(state: seed)
    for parameter in parameters where parameter.fileShape.count == 5 {
      let fanIn = parameter.fileShape[1...].reduce(1, *)
      let deviation = (2 / (1 + 1e-4) / Double(fanIn)).squareRoot()
      parameter.value.withUnsafeMutableBufferPointer { elements in
        for i in elements.indices { elements[i] = Float(deviation * random.normal()) }
      }
    }
  }

  /// Steele, Lea and Flood's generator: small, and well enough mixed for initial weights.
  private struct SplitMix64 {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }

    /// In (0, 1].
    private mutating func uniform() -> Double { Double((next() >> 11) + 1) * 0x1p-53 }

    /// By Box and Muller.
    mutating func normal() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }
  }
}
