import Testing

/// Expects two arrays to be equal within a tolerance, and names the first index at which they are not.
///
/// Element i may differ by `max(share * largest, floor) + margins[i]`, where `largest` is the largest magnitude in
/// `expected`. NaN is close to nothing.
///
/// - Parameters:
///   - what: Said in the failure's message.
///   - floor: For arrays that are zero but for rounding.
///   - margins: What each element may differ by beyond that; none when `nil`.
public func expectClose(
  _ found: [Float], _ expected: [Float], _ what: String, within share: Float, floor: Float = 0,
  margins: [Float]? = nil, sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.count == expected.count, margins.map({ $0.count == found.count }) ?? true else {
    Issue.record("\(what): \(found.count) elements instead of \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  let largest = largestMagnitude(expected)
  let tolerance = max(share * largest, floor)
  var (first, count, worst): (Int?, Int, Float) = (nil, 0, 0)
  found.withUnsafeBufferPointer { found in
    expected.withUnsafeBufferPointer { expected in
      var index = 0
      while index < found.count {
        let difference = abs(found[index] - expected[index])
        // Written so that NaN counts as different.
        if !(difference <= tolerance + (margins?[index] ?? 0)) {
          first = first ?? index
          count += 1
          worst = max(worst, difference)
        }
        index += 1
      }
    }
  }
  guard let first else { return }
  Issue.record(
    """
    \(what): \(found[first]) instead of \(expected[first]) at index \(first); \(count) of \(found.count) elements \
    differ, by up to \(worst), where the largest magnitude is \(largest)
    """, sourceLocation: sourceLocation)
}

/// The largest magnitude, 0 of an empty array, NaN where there is one.
private func largestMagnitude(_ values: [Float]) -> Float {
  values.withUnsafeBufferPointer { values in
    var (largest, index): (Float, Int) = (0, 0)
    while index < values.count {
      let magnitude = abs(values[index])
      if magnitude.isNaN { return .nan }
      largest = max(largest, magnitude)
      index += 1
    }
    return largest
  }
}
