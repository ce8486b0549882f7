import Foundation

/// The input samples that each output sample of one axis depends on, and their weights.
struct ResizeWeights: Sendable {
  /// The number of samples by which the signal is extended at both ends before the spline
  /// prefilter, as in SciPy.
  private static let padding = 12

  /// The number of output samples.
  let count: Int
  private let order: Int
  /// The number of input samples for each output sample.
  private let samplesPerOutput: Int
  /// `samplesPerOutput` indices for each output sample, into the line, or into the padded line for
  /// cubic splines.
  private let indices: [Int]
  private let weights: [Double]

  /// Computes the weights of an axis, or returns `nil` when the axis stays as it is (`n` equals `m`).
  ///
  /// - Parameters:
  ///   - n: The number of input samples.
  ///   - m: The number of output samples.
  ///   - order: 1 for linear interpolation, 3 for cubic splines.
  init?(from n: Int, to m: Int, order: Int) {
    guard n != m else { return nil }
    count = m
    self.order = order
    samplesPerOutput = order == 3 ? 4 : 2
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

  /// The two input samples of each output sample and their weights, for linear interpolation.
  var linearSources: [(lower: Int, upper: Int, weights: (Double, Double))] {
    (0..<count).map { (indices[2 * $0], indices[2 * $0 + 1], (weights[2 * $0], weights[2 * $0 + 1])) }
  }

  /// Resizes `width` neighboring lines of `length` samples, whose samples lie a `stride` apart before and after.
  func apply(
    from source: UnsafePointer<Double>, stride: Int, to target: UnsafeMutablePointer<Double>, stride targetStride: Int,
    length: Int, width: Int
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
        combine(line, width, target, targetStride, width)
      }
    } else {
      combine(source, stride, target, targetStride, width)
    }
  }

  /// Stores the weighted sum of each output's input samples.
  private func combine(
    _ line: UnsafePointer<Double>, _ lineStride: Int, _ target: UnsafeMutablePointer<Double>, _ stride: Int,
    _ width: Int
  ) {
    indices.withUnsafeBufferPointer { indices in
      weights.withUnsafeBufferPointer { weights in
        for o in 0..<count {
          let output = target + o * stride
          for w in 0..<width { output[w] = 0 }
          for k in o * samplesPerOutput..<(o + 1) * samplesPerOutput {
            let (sample, weight) = (line + indices[k] * lineStride, weights[k])
            for w in 0..<width { output[w] += sample[w] * weight }
          }
        }
      }
    }
  }

  /// Replaces samples by their cubic B-spline coefficients.
  ///
  /// The signal is continued by its mirror image, with the mirror half a sample beyond each end.
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
        // The remaining terms are below the last bit of the sum.
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
