import Tensors
import Threads

/// Sums and copies of whole tensors.
package enum Elementwise {
  private static let chunkSize = 1 << 15

  /// Computes `target += source`. Both have the same shape and precision.
  package static func add(_ source: Tensor, to target: Tensor) {
    switch target.precision {
    case .float32: add(of: Float.self, source, target)
    case .bfloat16: add(of: BFloat16.self, source, target)
    }
  }

  private static func add<Number: Element>(of type: Number.Type, _ source: Tensor, _ target: Tensor) {
    let (s, t) = (SharedPointer(source.pointer(type)), SharedPointer(target.pointer(type)))
    Parallel.chunks(target.count, size: chunkSize) {
      for i in $0 { t.pointer[i] = Number(t.pointer[i].float + s.pointer[i].float) }
    }
  }

  /// Computes `target = source`. The tensors may differ in precision.
  static func copy(_ source: Tensor, to target: Tensor) {
    switch (source.precision, target.precision) {
    case (.float32, .float32): copy(SharedPointer(source.pointer), SharedPointer(target.pointer), target.count)
    case (.float32, .bfloat16):
      copy(SharedPointer(source.pointer), SharedPointer(target.pointer(BFloat16.self)), target.count)
    case (.bfloat16, .float32):
      copy(SharedPointer(source.pointer(BFloat16.self)), SharedPointer(target.pointer), target.count)
    case (.bfloat16, .bfloat16):
      copy(SharedPointer(source.pointer(BFloat16.self)), SharedPointer(target.pointer(BFloat16.self)), target.count)
    }
  }

  private static func copy<Source: Element, Target: Element>(
    _ s: SharedPointer<UnsafeMutablePointer<Source>>, _ t: SharedPointer<UnsafeMutablePointer<Target>>, _ count: Int
  ) {
    Parallel.chunks(count, size: chunkSize) { for i in $0 { t.pointer[i] = Target(s.pointer[i].float) } }
  }

  /// Copies the encoder's features into the last channels of the decoder's input.
  ///
  /// - Parameters:
  ///   - source: The features, (N, z, y, x, channel).
  ///   - joined: The decoder's input, with the same voxels and at least as many channels.
  package static func copySkip(_ source: Tensor, into joined: Tensor) {
    switch source.precision {
    case .float32: copySkip(of: Float.self, source, joined)
    case .bfloat16: copySkip(of: BFloat16.self, source, joined)
    }
  }

  private static func copySkip<Number: VectorElement>(of type: Number.Type, _ source: Tensor, _ joined: Tensor) {
    let (s, t) = (SharedPointer(source.pointer(type)), SharedPointer(joined.pointer(type)))
    let (features, width) = (source.shape[4], joined.shape[4])
    Parallel.chunks(source.count / features, size: 4096) { voxels in
      for v in voxels {
        let (source, target) = (s.pointer + v * features, t.pointer + (v + 1) * width - features)
        var c = 0
        while c + 16 <= features {
          Number.store(Number.load(source + c), target + c)
          c += 16
        }
        (target + c).update(from: source + c, count: features - c)
      }
    }
  }

  /// The backward pass of `copySkip`: adds the last channels of the gradient with respect to the
  /// decoder's input to the gradient with respect to the encoder's features.
  static func addSkip(_ joined: Tensor, to target: Tensor) {
    switch target.precision {
    case .float32: addSkip(of: Float.self, joined, target)
    case .bfloat16: addSkip(of: BFloat16.self, joined, target)
    }
  }

  private static func addSkip<Number: Element>(of type: Number.Type, _ joined: Tensor, _ target: Tensor) {
    let (s, t) = (SharedPointer(joined.pointer(type)), SharedPointer(target.pointer(type)))
    let (features, width) = (target.shape[4], joined.shape[4])
    Parallel.chunks(target.count / features, size: 4096) { voxels in
      for v in voxels {
        let source = s.pointer + (v + 1) * width - features
        let target = t.pointer + v * features
        for c in 0..<features { target[c] = Number(target[c].float + source[c].float) }
      }
    }
  }
}
