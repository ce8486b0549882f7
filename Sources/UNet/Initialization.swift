import Foundation
import Statistics
import Tensors

/// The weights a network starts from.
enum Initialization {
  /// Kaiming normal for a leaky slope of 0.01 over the fan-in, as nnU-Net whatever the activation; biases stay zero and
  /// norms one. As PyTorch counts it, the fan-in of a transposed convolution is by its *output* channels.
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

  /// A standard normal number (Box and Muller, 1958).
  private static func normal(using random: inout CounterRandom) -> Double {
    /// In (0, 1], so that the logarithm is finite.
    func uniform() -> Double { Double((random.next() >> 11) + 1) * 0x1p-53 }
    return (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
  }
}
