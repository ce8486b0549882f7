import Threads

/// Sums that were split over tasks, put together in a fixed order so that results do not depend on the number of threads.
enum PartialSums {
  /// `total = parts[0] + parts[1] + …`, element by element; the parts follow each other in memory.
  static func add(_ parts: UnsafePointer<Float>, parts count: Int, into total: Tensor) {
    let source = SharedPointer(parts)
    let (target, length) = (SharedPointer(total.pointer), total.count)
    Parallel.chunks(length, size: 1 << 14) { range in
      let sum = target.pointer + range.lowerBound
      sum.update(from: source.pointer + range.lowerBound, count: range.count)
      for part in 1..<max(1, count) {
        let addend = source.pointer + part * length + range.lowerBound
        for i in 0..<range.count { sum[i] += addend[i] }
      }
    }
  }

  /// The sum of the rows of a matrix of `channels` columns, made in as many parts.
  static func rows(of matrix: Tensor, channels: Int, parts: Int, _ scratch: ScratchPool, into sums: Tensor) {
    switch matrix.precision {
    case .float32: rows(of: matrix.pointer, matrix.count / channels, channels, parts, scratch, sums)
    case .bfloat16: rows(of: matrix.pointer(BFloat16.self), matrix.count / channels, channels, parts, scratch, sums)
    }
  }

  private static func rows<Number: Element>(
    of matrix: UnsafePointer<Number>, _ rows: Int, _ channels: Int, _ parts: Int, _ scratch: ScratchPool,
    _ total: Tensor
  ) {
    let perPart = (rows + parts - 1) / parts
    scratch.use(parts * channels) { partial in
      let (source, sums) = (SharedPointer(matrix), SharedPointer(partial))
      Parallel.forEach(parts) { part in
        let target = sums.pointer + part * channels
        target.update(repeating: 0, count: channels)
        for row in min(rows, part * perPart)..<min(rows, (part + 1) * perPart) {
          let place = source.pointer + row * channels
          for channel in 0..<channels { target[channel] += place[channel].float }
        }
      }
      add(partial, parts: parts, into: total)
    }
  }
}
