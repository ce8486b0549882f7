/// NumPy's summaries of a list, to the last bit where the plan depends on it.
enum Statistics {
  /// The q-th percentile (0…100), linear between ranks.
  static func percentile(_ q: Double, _ values: [Double]) -> Double {
    let sorted = values.sorted()
    let rank = q / 100 * Double(sorted.count - 1)
    let lower = Int(rank)
    return interpolate(sorted[lower], sorted[min(lower + 1, sorted.count - 1)], rank - Double(lower))
  }

  /// The point at `fraction` of the way; NumPy starts from the nearer end.
  static func interpolate(_ lower: Double, _ upper: Double, _ fraction: Double) -> Double {
    let difference = upper - lower
    return fraction < 0.5 ? lower + difference * fraction : upper - difference * (1 - fraction)
  }

  /// The middle value, or the mean of the two middle ones.
  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

extension Double {
  /// Rounded to the nearest whole number, halves to the even one, as Python does.
  var roundedHalfToEven: Double { rounded(.toNearestOrEven) }
}
