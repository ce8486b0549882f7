import Foundation

/// A summary of a volume's voxels, gathered in one pass.
struct VoxelStatistics {
  /// A volume with more different values is not a label map.
  private static let maximumValues = 64

  private(set) var minimum = Float.infinity
  private(set) var maximum = -Float.infinity
  private(set) var nonFiniteCount = 0
  private var sum = 0.0
  private var finiteCount = 0
  /// The number of voxels of each value, or `nil` once there are too many values or one that is not
  /// whole.
  private(set) var counts: [Float: Int]? = [:]

  var mean: Double { sum / Double(finiteCount) }

  mutating func add(_ voxels: UnsafeBufferPointer<Float>) {
    var start = 0
    while start < voxels.count {
      // Label maps are long runs of one value.
      let value = voxels[start]
      var end = start + 1
      while end < voxels.count, voxels[end] == value { end += 1 }
      add(value, end - start)
      start = end
    }
  }

  private mutating func add(_ value: Float, _ count: Int) {
    guard value.isFinite else {
      nonFiniteCount += count
      counts = nil
      return
    }
    minimum = min(minimum, value)
    maximum = max(maximum, value)
    sum += Double(value) * Double(count)
    finiteCount += count
    guard counts != nil else { return }
    if value == value.rounded() { counts?[value, default: 0] += count } else { counts = nil }
    if (counts?.count ?? 0) > Self.maximumValues { counts = nil }
  }

  /// Names and values, for people.
  var description: [(String, String)] {
    var entries: [(String, String)] = []
    if finiteCount > 0 {
      entries += [
        ("least", number(Double(minimum))), ("greatest", number(Double(maximum))), ("mean", number(mean)),
      ]
    }
    if nonFiniteCount > 0 { entries.append(("not finite", "\(nonFiniteCount) voxels")) }
    if let counts {
      let parts = counts.sorted { $0.key < $1.key }.map { "\(number(Double($0.key))): \($0.value)" }
      entries.append(("voxels by value", parts.joined(separator: ", ")))
    }
    return entries
  }
}

/// A number for people: at most six significant digits, and never a negative zero.
func number(_ value: Double) -> String { String(format: "%.6g", value + 0) }
