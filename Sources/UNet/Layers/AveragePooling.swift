import Tensors
import Threads

/// The mean over boxes that tile the input: PyTorch's AvgPool3d with its kernel as stride.
final class AveragePooling: Features {
  /// (N, z, y, x, channel).
  let output: Tensor
  private let input: Tensor
  private let window: [Int]
  /// Where the voxels of a box lie, in floats from its first one.
  private let box: [Int]

  /// - Parameter window: Edges of the box along z, y, x; they divide the input's.
  init(_ input: Tensor, window: [Int]) {
    let n = input.shape
    self.input = input
    self.window = window
    output = Tensor([n[0], n[1] / window[0], n[2] / window[1], n[3] / window[2], n[4]], input.precision)
    box = (0..<window.reduce(1, *)).map { i in
      let (z, y, x) = (i / (window[1] * window[2]), i / window[2] % window[1], i % window[2])
      return ((z * n[2] + y) * n[3] + x) * n[4]
    }
  }

  /// The output is kept.
  func recompute() {}

  func forward() {
    switch input.precision {
    case .float32: forward(of: Float.self)
    case .bfloat16: forward(of: BFloat16.self)
    }
  }

  private func forward<Number: Element>(of type: Number.Type) {
    let share = 1 / Float(box.count)
    let (x, y) = (SharedPointer(input.pointer(type)), SharedPointer(output.pointer(type)))
    forEachVoxel { [box, channels = output.shape[4]] voxel, first in
      let target = y.pointer + voxel
      let source = x.pointer + first
      for c in 0..<channels {
        var sum: Float = 0
        for place in box { sum += source[place + c].float }
        target[c] = Number(sum * share)
      }
    }
  }

  /// Adds to the gradient by the input what `gradient` by the output amounts to.
  func backward(_ gradient: Tensor, addingTo inputGradient: Tensor) {
    switch input.precision {
    case .float32: backward(of: Float.self, gradient, inputGradient)
    case .bfloat16: backward(of: BFloat16.self, gradient, inputGradient)
    }
  }

  private func backward<Number: Element>(of type: Number.Type, _ gradient: Tensor, _ inputGradient: Tensor) {
    let share = 1 / Float(box.count)
    let (g, dx) = (SharedPointer(gradient.pointer(type)), SharedPointer(inputGradient.pointer(type)))
    forEachVoxel { [box, channels = output.shape[4]] voxel, first in
      let source = g.pointer + voxel
      for place in box {
        let target = dx.pointer + first + place
        for c in 0..<channels { target[c] = Number(target[c].float + share * source[c].float) }
      }
    }
  }

  /// Pairs each output voxel with the first voxel of its box, as offsets of their first floats.
  private func forEachVoxel(_ body: @Sendable (_ output: Int, _ input: Int) -> Void) {
    let (rows, columns, channels) = (input.shape[2], input.shape[3], input.shape[4])
    let (depth, height, width) = (output.shape[1], output.shape[2], output.shape[3])
    Parallel.forEach(output.shape[0] * depth * height) { [window] line in
      // Output planes are counted through the samples, and window[0] input planes belong to each.
      let start = (line / height * window[0] * rows + line % height * window[1]) * columns
      for x in 0..<width { body((line * width + x) * channels, (start + x * window[2]) * channels) }
    }
  }
}
