/// Sums that were split over tasks, put together in a fixed order so that results do not depend on the number of threads.
enum PartialSums {
  /// `total = parts[0] + parts[1] + …`, element by element.
  static func add(_ parts: [Tensor], into total: Tensor) {
    let pointers = Shared(parts.map(\.pointer))
    let target = Shared(total.pointer)
    Parallel.chunks(total.count, size: 1 << 14) { range in
      let count = range.count
      let sum = target.pointer + range.lowerBound
      sum.update(from: pointers.pointer[0] + range.lowerBound, count: count)
      for part in pointers.pointer.dropFirst() {
        let source = part + range.lowerBound
        for i in 0..<count { sum[i] += source[i] }
      }
    }
  }

  /// The sum of the rows `rows` of a matrix of `channels` columns.
  static func columns(of matrix: UnsafePointer<Float>, rows: Range<Int>, channels: Int, into sums: Tensor) {
    sums.fill(0)
    let target = sums.pointer
    for row in rows {
      let source = matrix + row * channels
      for channel in 0..<channels { target[channel] += source[channel] }
    }
  }
}
