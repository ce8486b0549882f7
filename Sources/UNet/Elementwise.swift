import Tensors

/// Sums and copies over whole tensors.
enum Elementwise {
  private static let chunk = 1 << 15

  /// `target += source`.
  static func add(_ source: Tensor, to target: Tensor) {
    let (s, t) = (Shared(source.pointer), Shared(target.pointer))
    Parallel.chunks(target.count, size: chunk) { for i in $0 { t.pointer[i] += s.pointer[i] } }
  }

  /// `target = source`.
  static func copy(_ source: Tensor, to target: Tensor) {
    let (s, t) = (Shared(source.pointer), Shared(target.pointer))
    Parallel.chunks(target.count, size: chunk) {
      (t.pointer + $0.lowerBound).update(from: s.pointer + $0.lowerBound, count: $0.count)
    }
  }

  /// Copies features into the last channels of the decoder's input.
  static func copySkip(_ source: Tensor, into joined: Tensor) {
    let (s, t) = (Shared(source.pointer), Shared(joined.pointer))
    let (features, width) = (source.shape[4], joined.shape[4])
    Parallel.chunks(source.count / features, size: 4096) { voxels in
      for v in voxels {
        (t.pointer + (v + 1) * width - features).update(from: s.pointer + v * features, count: features)
      }
    }
  }

  /// Adds the last channels of the gradient by the decoder's input to that by the features.
  static func addSkip(_ joined: Tensor, to target: Tensor) {
    let (s, t) = (Shared(joined.pointer), Shared(target.pointer))
    let (features, width) = (target.shape[4], joined.shape[4])
    Parallel.chunks(target.count / features, size: 4096) { voxels in
      for v in voxels {
        let source = s.pointer + (v + 1) * width - features
        let place = t.pointer + v * features
        for c in 0..<features { place[c] += source[c] }
      }
    }
  }
}
