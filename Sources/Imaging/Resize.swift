import Foundation
import Threads

/// One resize of a grid, axis by axis: scikit-image's `resize` with mode `edge` and no anti-aliasing.
///
/// Output voxel o of m takes the input coordinate (o + 1/2) n / m - 1/2.
struct Resize: Sendable {
  let from, to: [Int]
  let order: Int
  /// Whether results are kept within the input's range.
  var clips = true

  /// The resized grid; a grid whose shape does not change is returned as it is.
  func apply(_ values: [Float]) -> [Float] {
    guard from != to else { return values }
    guard order > 0 else { return gather(values) }
    return applyDouble(values.map { Double($0) }).map { Float($0) }
  }

  func applyDouble(_ values: [Double]) -> [Double] {
    guard from != to else { return values }
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    var current = values
    var shape = from
    // The innermost axis first: it shrinks or grows what the others then work on.
    for axis in [2, 1, 0] {
      let taps = ResizeWeights(from: from[axis], to: to[axis], order: order)
      if let taps { current = Self.resize(current, shape, axis, taps) }
      shape[axis] = to[axis]
    }
    if clips { for i in current.indices { current[i] = min(max(current[i], low), high) } }
    return current
  }

  /// Order 0 of anything.
  func gather<Value>(_ values: [Value]) -> [Value] {
    let sources = (0..<3).map { axis -> [Int] in
      let (n, m) = (from[axis], to[axis])
      return (0..<m).map { o in
        let c = min(max((Double(o) + 0.5) * (Double(n) / Double(m)) - 0.5, 0), Double(n - 1))
        return Int((c + 0.5).rounded(.down))
      }
    }
    var result: [Value] = []
    result.reserveCapacity(to.reduce(1, *))
    for z in sources[0] {
      for y in sources[1] {
        let line = (z * from[1] + y) * from[2]
        for x in sources[2] { result.append(values[line + x]) }
      }
    }
    return result
  }

  /// Resizes along one axis: every line is filtered, then each output is a few weighted inputs.
  private static func resize(_ values: [Double], _ shape: [Int], _ axis: Int, _ taps: ResizeWeights) -> [Double] {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    let (n, m) = (shape[axis], taps.count)
    return [Double](unsafeUninitializedCapacity: outer * m * inner) { target, initialized in
      values.withUnsafeBufferPointer { source in
        nonisolated(unsafe) let (source, target) = (source.baseAddress!, target.baseAddress!)
        // Blocks of neighboring lines, so that strided axes still read whole cache lines.
        let block = min(inner, 64)
        let blocks = (inner + block - 1) / block
        Parallel.forEach(outer * blocks) { task in
          let (o, first) = (task / blocks, task % blocks * block)
          let width = min(block, inner - first)
          taps.apply(
            from: source + o * n * inner + first, to: target + o * m * inner + first, length: n, stride: inner,
            width: width)
        }
      }
      initialized = outer * m * inner
    }
  }
}

/// For each output of one axis, which inputs it takes and with what weights.
struct ResizeWeights: Sendable {
  /// Samples that the cubic spline extends the signal by on both sides.
  private static let padding = 12

  let count: Int
  private let order: Int
  /// `perOutput` neighbors an output, indices into the (padded) line.
  private let perOutput: Int
  private let indices: [Int]
  private let weights: [Double]

  /// `nil` when the axis does not change and need not be touched.
  init?(from n: Int, to m: Int, order: Int) {
    guard n != m else { return nil }
    count = m
    self.order = order
    perOutput = order == 3 ? 4 : 2
    var indices: [Int] = []
    var weights: [Double] = []
    for o in 0..<m {
      let c = (Double(o) + 0.5) * (Double(n) / Double(m)) - 0.5
      if order == 3 {
        let last = n + 2 * Self.padding - 1
        let position = min(max(c + Double(Self.padding), 0), Double(last))
        let f = position.rounded(.down)
        let t = position - f
        let s = 1 - t
        weights += [
          s * s * s / 6, (4 - 6 * t * t + 3 * t * t * t) / 6, (4 - 6 * s * s + 3 * s * s * s) / 6, t * t * t / 6,
        ]
        indices += (-1...2).map { min(max(Int(f) + $0, 0), last) }
      } else {
        let position = min(max(c, 0), Double(n - 1))
        let f = position.rounded(.down)
        weights += [1 - (position - f), position - f]
        indices += [Int(f), min(Int(f) + 1, n - 1)]
      }
    }
    self.indices = indices
    self.weights = weights
  }

  /// Applies the taps to `width` neighboring lines of `length` samples that lie `stride` apart.
  func apply(
    from source: UnsafePointer<Double>, to target: UnsafeMutablePointer<Double>, length: Int, stride: Int, width: Int
  ) {
    if order == 3 {
      let padded = length + 2 * Self.padding
      withUnsafeTemporaryAllocation(of: Double.self, capacity: padded * width) { line in
        let line = line.baseAddress!
        for i in 0..<padded {
          let sample = min(max(i - Self.padding, 0), length - 1)
          for w in 0..<width { line[i * width + w] = source[sample * stride + w] }
        }
        Self.prefilter(line, padded, width)
        combine(line, width, target, stride, width)
      }
    } else {
      combine(source, stride, target, stride, width)
    }
  }

  private func combine(
    _ line: UnsafePointer<Double>, _ lineStride: Int, _ target: UnsafeMutablePointer<Double>, _ stride: Int,
    _ width: Int
  ) {
    indices.withUnsafeBufferPointer { indices in
      weights.withUnsafeBufferPointer { weights in
        for o in 0..<count {
          let place = target + o * stride
          for w in 0..<width { place[w] = 0 }
          for k in o * perOutput..<(o + 1) * perOutput {
            let (sample, weight) = (line + indices[k] * lineStride, weights[k])
            for w in 0..<width { place[w] += sample[w] * weight }
          }
        }
      }
    }
  }

  /// Turns samples into cubic B-spline coefficients, in place; the signal is mirrored about half samples at both ends.
  private static func prefilter(_ line: UnsafeMutablePointer<Double>, _ n: Int, _ width: Int) {
    let pole = 3.0.squareRoot() - 2
    for i in 0..<n * width { line[i] *= 6 }
    // c[0] = x[0] + z / (1 - z^2N) sum_i (z^i + z^(2N-1-i)) x[i]
    let scale = pole / (1 - pow(pole, Double(2 * n)))
    withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { sums in
      for w in 0..<width { sums[w] = 0 }
      var (rising, falling) = (1.0, pow(pole, Double(2 * n - 1)))
      for i in 0..<n {
        let weight = rising + falling
        for w in 0..<width { sums[w] += weight * line[i * width + w] }
        rising *= pole
        falling /= pole
        // What is left of the sum is below the last bit.
        if abs(rising) < 1e-40 { break }
      }
      for w in 0..<width { line[w] += scale * sums[w] }
    }
    for i in 1..<n {
      for w in 0..<width { line[i * width + w] += pole * line[(i - 1) * width + w] }
    }
    for w in 0..<width { line[(n - 1) * width + w] *= pole / (pole - 1) }
    for i in Swift.stride(from: n - 2, through: 0, by: -1) {
      for w in 0..<width { line[i * width + w] = pole * (line[(i + 1) * width + w] - line[i * width + w]) }
    }
  }
}
