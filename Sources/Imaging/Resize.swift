import Threads

/// A resize of a grid, axis by axis: scikit-image's `resize` with mode `edge` and no anti-aliasing.
///
/// Along an axis that goes from n to m voxels, output voxel o lies at the input coordinate
/// (o + 1/2) n / m - 1/2.
struct Resize: Sendable {
  /// Voxels along (z, y, x) before and after.
  let from, to: [Int]
  /// The order of interpolation: 0 nearest, 1 linear, 3 cubic.
  let order: Int
  /// Whether results are clipped to the input's range.
  var clips = true

  /// The resized grid. A grid whose shape does not change is returned as it is.
  func apply(_ values: [Float]) -> [Float] {
    guard from != to else { return values }
    guard order > 0 else { return gather(values) }
    let (low, high) = (Double(values.min() ?? 0), Double(values.max() ?? 0))
    let planes = resizedPlanes(values)
    let weights = ResizeWeights(from: from[0], to: to[0], order: order)
    let (n, m, inner) = (from[0], to[0], to[1] * to[2])
    return [Float](unsafeUninitializedCapacity: m * inner) { target, initialized in
      planes.withUnsafeBufferPointer { planes in
        nonisolated(unsafe) let (source, target) = (planes.baseAddress!, target)
        Parallel.chunks(inner, size: 64) { lines in
          withUnsafeTemporaryAllocation(of: Double.self, capacity: m * lines.count) { resized in
            weights?.apply(
              from: source + lines.lowerBound, stride: inner, to: resized.baseAddress!, stride: lines.count, length: n,
              width: lines.count)
            for o in 0..<m {
              for line in lines {
                let value =
                  weights == nil ? source[o * inner + line] : resized[o * lines.count + line - lines.lowerBound]
                target[o * inner + line] = Float(clips ? min(max(value, low), high) : value)
              }
            }
          }
        }
      }
      initialized = m * inner
    }
  }

  /// The grid resized along y and x, plane by plane, so that only the result is kept in double precision.
  private func resizedPlanes(_ values: [Float]) -> [Double] {
    let resize = Resize(from: [1, from[1], from[2]], to: [1, to[1], to[2]], order: order, clips: false)
    let (count, newCount) = (from[1] * from[2], to[1] * to[2])
    return [Double](unsafeUninitializedCapacity: from[0] * newCount) { target, initialized in
      nonisolated(unsafe) let target = target.baseAddress!
      Parallel.forEach(from[0]) { z in
        let plane = resize.applyDouble(values[z * count..<(z + 1) * count].map { Double($0) })
        plane.withUnsafeBufferPointer { (target + z * newCount).initialize(from: $0.baseAddress!, count: newCount) }
      }
      initialized = from[0] * newCount
    }
  }

  /// The resized grid in double precision, for orders 1 and 3.
  func applyDouble(_ values: [Double]) -> [Double] {
    guard from != to else { return values }
    let (low, high) = (values.min() ?? 0, values.max() ?? 0)
    var current = values
    var shape = from
    // From the innermost axis outward. Each step changes the shape on which the next one works.
    for axis in [2, 1, 0] {
      let weights = ResizeWeights(from: from[axis], to: to[axis], order: order)
      if let weights { current = Self.resize(current, shape, axis, weights) }
      shape[axis] = to[axis]
    }
    if clips { for i in current.indices { current[i] = min(max(current[i], low), high) } }
    return current
  }

  /// The grid resized with order 0: each output voxel is the nearest input voxel.
  func gather<Value>(_ values: [Value]) -> [Value] {
    let sources = (0..<3).map { Self.nearest(from: from[$0], to: to[$0]) }
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

  /// The input voxel that is nearest to each output voxel along one axis from `n` to `m` voxels.
  static func nearest(from n: Int, to m: Int) -> [Int] {
    (0..<m).map { o in
      let c = min(max((Double(o) + 0.5) * (Double(n) / Double(m)) - 0.5, 0), Double(n - 1))
      return Int((c + 0.5).rounded(.down))
    }
  }

  /// Resizes every line along one axis.
  private static func resize(_ values: [Double], _ shape: [Int], _ axis: Int, _ weights: ResizeWeights) -> [Double] {
    let inner = shape[(axis + 1)...].reduce(1, *)
    let outer = shape[..<axis].reduce(1, *)
    let (n, m) = (shape[axis], weights.count)
    return [Double](unsafeUninitializedCapacity: outer * m * inner) { target, initialized in
      values.withUnsafeBufferPointer { source in
        nonisolated(unsafe) let (source, target) = (source.baseAddress!, target.baseAddress!)
        // Blocks of neighboring lines, so that strided axes still read whole cache lines.
        let block = min(inner, 64)
        let blocks = (inner + block - 1) / block
        Parallel.forEach(outer * blocks) { task in
          let (o, first) = (task / blocks, task % blocks * block)
          let width = min(block, inner - first)
          weights.apply(
            from: source + o * n * inner + first, stride: inner, to: target + o * m * inner + first, stride: inner,
            length: n, width: width)
        }
      }
      initialized = outer * m * inner
    }
  }
}
