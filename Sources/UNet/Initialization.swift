import Foundation
import Statistics
import Tensors

/// The initial weights of a network that is trained from scratch.
enum Initialization {
  /// Draws the weights of convolutions from a normal distribution with mean 0 and variance
  /// `2 / ((1 + 0.01²) * fanIn)`.
  ///
  /// This is nnU-Net's rule (He et al., Delving Deep into Rectifiers, ICCV 2015, for a leaky ReLU
  /// of slope 0.01), which it uses for every activation. The fan-in is counted as PyTorch counts
  /// it: kernel volume times the second axis of the weight, which for a transposed convolution is
  /// the number of *output* channels. Biases stay 0 and the scales of normalizations 1.
  static func kaiming(_ parameters: [Parameter], seed: UInt64) {
    var random = CounterRandom(seed: seed)
    for parameter in parameters where parameter.fileShape.count == 5 {
      let fanIn = parameter.fileShape[1...].reduce(1, *)
      let deviation = (2 / (1 + 1e-4) / Double(fanIn)).squareRoot()
      parameter.value.withUnsafeMutableBufferPointer { elements in
        for i in elements.indices { elements[i] = Float(deviation * normal(using: &random)) }
      }
    }
  }

  /// Draws a number from the standard normal distribution (Box and Muller, 1958).
  private static func normal(using random: inout CounterRandom) -> Double {
    // In (0, 1], so that the logarithm is finite.
    func uniform() -> Double { Double((random.next() >> 11) + 1) * 0x1p-53 }
    return (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
  }
}
