import Threads

/// Adds up the partial sums of several tasks, in a fixed order.
///
/// The number of parts depends on shapes alone, so results do not depend on the number of threads.
enum PartialSums {
  /// Computes `total = parts[0] + parts[1] + …`, element by element; the parts follow each other in memory.
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

  /// Computes the sum over all voxels for each channel of a tensor.
  ///
  /// - Parameters:
  ///   - matrix: A tensor with the channels last: a matrix of `channels` columns.
  ///   - channels: Columns of the matrix.
  ///   - parts: The number of partial sums, computed in parallel.
  ///   - scratch: Provides the memory of the partial sums.
  ///   - sums: Overwritten with one sum for each channel.
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
          let addend = source.pointer + row * channels
          for channel in 0..<channels { target[channel] += addend[channel].float }
        }
      }
      add(partial, parts: parts, into: total)
    }
  }
}
