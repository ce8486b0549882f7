// Measures the hot loops one by one: the speed of each, and its share of the machine's best rate. The
// operations of a convolution are counted as for a direct one. Winograd's algorithm does fewer, so its
// share can exceed 1.
//
//     swift run -c release kernels

import Foundation
import Tensors
import UNet

let rates = Rates(threads: ProcessInfo.processInfo.activeProcessorCount)
print(
  String(
    format: "The machine: %.0f GFLOP/s in float32, %.0f in bfloat16, %.1f GB/s\n", rates.float32, rates.bfloat16,
    rates.memory))

/// A table cell: a rate and, in parentheses, its share of the machine's best rate.
func cell(_ value: Double, _ share: Double) -> String { String(format: "%.0f (%.2f)", value, share) }

/// The convolutions of an nnU-Net for patches of 40 x 56 x 40 voxels, and anisotropic ones.
let shapes: [(inputs: Int, outputs: Int, input: [Int], kernel: [Int], stride: [Int])] = [
  (1, 32, [40, 56, 40], [3, 3, 3], [1, 1, 1]), (32, 32, [40, 56, 40], [3, 3, 3], [1, 1, 1]),
  (64, 32, [40, 56, 40], [3, 3, 3], [1, 1, 1]), (32, 64, [40, 56, 40], [3, 3, 3], [2, 2, 2]),
  (64, 64, [20, 28, 20], [3, 3, 3], [1, 1, 1]), (128, 128, [10, 14, 10], [3, 3, 3], [1, 1, 1]),
  (256, 256, [5, 7, 5], [3, 3, 3], [1, 1, 1]), (320, 320, [12, 14, 12], [3, 3, 3], [1, 1, 1]),
  (32, 32, [40, 56, 40], [1, 3, 3], [1, 1, 1]), (32, 64, [40, 56, 40], [1, 3, 3], [1, 2, 2]),
  (32, 64, [20, 28, 20], [1, 1, 1], [1, 1, 1]),
]

print(
  """
  GFLOP/s of convolutions, and in parentheses the share of the machine's: forward, gradient with respect to the input,
  gradient with respect to the weights

  """)
print("| in, out, kernel, stride | precision | engine | forward | input | weights |\n|---|---|---|---:|---:|---:|")
for s in shapes {
  let shape = ConvolutionShape(
    batch: 2, inputChannels: s.inputs, outputChannels: s.outputs, input: s.input, kernel: s.kernel, stride: s.stride)
  let name = "\(s.inputs), \(s.outputs), \(s.kernel.map(String.init).joined(separator: "×")), \(s.stride[1])"
  for precision in Precision.allCases where precision.isNative {
    for engine in Engine.allCases where precision == .float32 || engine != .blas {
      let convolution = try engine.convolution(shape, precision: precision)
      let (input, output) = (Tensor(shape.inputTensor, precision), Tensor(shape.outputTensor, precision))
      let (weights, bias) = (Tensor(shape.weights), Tensor([s.outputs]))
      for tensor in [input, output, weights] { tensor.fill(0.5) }
      let (weightGradient, biasGradient) = (Tensor(shape.weights), Tensor([s.outputs]))
      let passes = [
        fastest(of: 5) {
          convolution.prepare(weights: weights)
          convolution.forward(input: input, bias: bias, output: output)
        },
        fastest(of: 5) { convolution.backwardInput(outputGradient: output, weights: weights, inputGradient: input) },
        fastest(of: 5) {
          convolution.backwardWeights(
            input: input, outputGradient: output, weightGradient: weightGradient, biasGradient: biasGradient)
        },
      ]
      let cells = passes.map { seconds in
        let speed = Double(shape.operations) / seconds / 1e9
        return cell(speed, speed / rates[precision])
      }
      print("| \(name) | \(precision) | \(engine) | \(cells.joined(separator: " | ")) |")
    }
  }
}

/// The shapes of the products in a convolution by large tiles: rows for 20 or 40 tiles, input and output channels.
let products = [(20, 32, 32), (20, 64, 32), (40, 64, 64), (40, 128, 64), (40, 128, 128), (40, 320, 320)]
print("\nGFLOP/s of matrix products on one thread, 216 with another second factor each\n")
print("| rows, in, out | own | OpenBLAS |\n|---|---:|---:|")
for (m, k, n) in products {
  let (a, b, c) = (Tensor([m, k]), Tensor([216, k, n]), Tensor([m, n]))
  for tensor in [a, b] { tensor.fill(0.5) }
  func speed(_ multiply: (UnsafePointer<Float>) -> Void) -> Double {
    let seconds = fastest(of: 9) { for i in 0..<216 { multiply(b.pointer + i * k * n) } }
    return Double(2 * 216 * m * n * k) / seconds / 1e9
  }
  let own = speed { FloatProduct.multiply(m, n, k, a: a.pointer, b: $0, c: c.pointer) }
  let peer = speed { BLAS.multiply(m, n, k, a: a.pointer, k, b: $0, n, c: c.pointer, n) }
  print(String(format: "| %d, %d, %d | %.0f | %.0f |", m, k, n, own, peer))
}

print("\nGB/s of passes over feature maps of 2×40×56×40×32; a tensor counts each time it is read or written\n")
print("| pass | precision | GB/s (share) |\n|---|---|---:|")
let extent = [40, 56, 40]
let features = [2] + extent + [32]
for precision in Precision.allCases {
  let (a, b, joined) = (
    Tensor(features, precision), Tensor(features, precision), Tensor([2] + extent + [64], precision)
  )
  let normalization = NormalizationLayer(
    "", .instance(affine: true), batch: 2, voxels: extent.reduce(1, *), channels: 32, epsilon: 1e-5, slope: 0.01)
  let passes: [(name: String, tensors: Int, run: () -> Void)] = [
    ("statistics", 1, { normalization.computeStatistics(a, inference: false) }),
    ("normalize and activate", 2, { normalization.apply(a, b) }),
    ("normalize and activate, backward", 5, { normalization.backward(input: a, gradient: b) }),
    ("skip connection", 2, { Elementwise.copySkip(a, into: joined) }),
    ("sum", 3, { Elementwise.add(a, to: b) }),
  ]
  for pass in passes {
    let speed = Double(pass.tensors * a.count * precision.size) / fastest(of: 5, pass.run) / 1e9
    print("| \(pass.name) | \(precision) | \(cell(speed, speed / rates.memory)) |")
  }
}
