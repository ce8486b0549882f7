import Tensors
import Threads

/// Average pooling: each output voxel is the mean of a box of input voxels, and the boxes tile the
/// input.
///
/// This is PyTorch's `AvgPool3d` with a stride equal to the kernel.
final class AveragePooling: Features {
  /// The means, (N, z, y, x, channel).
  let output: Tensor
  private let input: Tensor
  private let window: [Int]
  /// The offset of each voxel of a box from the box's first voxel, in elements of the input.
  private let box: [Int]

  /// - Parameters:
  ///   - input: The input, (N, z, y, x, channel).
  ///   - window: The edges of a box along z, y, x, which divide the input's.
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

  /// Does nothing: no other layer writes to `output`.
  func recompute() {}

  /// Computes `output`, the mean over each box of x.
  func forward() {
    switch input.precision {
    case .float32: forward(of: Float.self)
    case .bfloat16: forward(of: BFloat16.self)
    }
  }

  private func forward<Number: Element>(of type: Number.Type) {
    let scale = 1 / Float(box.count)
    let (x, y) = (SharedPointer(input.pointer(type)), SharedPointer(output.pointer(type)))
    forEachVoxel { [box, channels = output.shape[4]] voxel, first in
      let target = y.pointer + voxel
      let source = x.pointer + first
      for c in 0..<channels {
        var sum: Float = 0
        for offset in box { sum += source[offset + c].float }
        target[c] = Number(sum * scale)
      }
    }
  }

  /// Adds the gradient with respect to the input: `dx += dy / n` for each of a box's n voxels.
  ///
  /// - Parameters:
  ///   - gradient: The gradient with respect to the output, dy.
  ///   - inputGradient: The gradient with respect to the input, dx.
  func backward(_ gradient: Tensor, addingTo inputGradient: Tensor) {
    switch input.precision {
    case .float32: backward(of: Float.self, gradient, inputGradient)
    case .bfloat16: backward(of: BFloat16.self, gradient, inputGradient)
    }
  }

  private func backward<Number: Element>(of type: Number.Type, _ gradient: Tensor, _ inputGradient: Tensor) {
    let scale = 1 / Float(box.count)
    let (g, dx) = (SharedPointer(gradient.pointer(type)), SharedPointer(inputGradient.pointer(type)))
    forEachVoxel { [box, channels = output.shape[4]] voxel, first in
      let source = g.pointer + voxel
      for offset in box {
        let target = dx.pointer + first + offset
        for c in 0..<channels { target[c] = Number(target[c].float + scale * source[c].float) }
      }
    }
  }

  /// Calls `body` for each output voxel with the offset of its first element in the output, and
  /// that of its box in the input.
  private func forEachVoxel(_ body: @Sendable (_ output: Int, _ input: Int) -> Void) {
    let (rows, columns, channels) = (input.shape[2], input.shape[3], input.shape[4])
    let (depth, height, width) = (output.shape[1], output.shape[2], output.shape[3])
    Parallel.forEach(output.shape[0] * depth * height) { [window] line in
      // `line / height` counts the output planes of all samples; each stands for window[0] input
      // planes.
      let start = (line / height * window[0] * rows + line % height * window[1]) * columns
      for x in 0..<width { body((line * width + x) * channels, (start + x * window[2]) * channels) }
    }
  }
}
