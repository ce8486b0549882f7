import Foundation

/// What there is to say about a volume's voxels at one look.
struct VoxelStatistics {
  private static let mostLabels = 64

  private(set) var least = Float.infinity
  private(set) var most = -Float.infinity
  private(set) var notFinite = 0
  private var sum = 0.0
  private var finite = 0
  /// Voxels a value, while there are few values and all are whole.
  private(set) var counts: [Float: Int]? = [:]

  var mean: Double { sum / Double(finite) }

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
      notFinite += count
      counts = nil
      return
    }
    least = min(least, value)
    most = max(most, value)
    sum += Double(value) * Double(count)
    finite += count
    guard counts != nil else { return }
    if value == value.rounded() { counts?[value, default: 0] += count } else { counts = nil }
    if (counts?.count ?? 0) > Self.mostLabels { counts = nil }
  }

  var words: [(String, String)] {
    var words: [(String, String)] = []
    if finite > 0 {
      words += [
        ("least", number(Double(least))), ("greatest", number(Double(most))), ("mean", number(mean)),
      ]
    }
    if notFinite > 0 { words.append(("not finite", "\(notFinite) voxels")) }
    if let counts {
      let parts = counts.sorted { $0.key < $1.key }.map { "\(number(Double($0.key))): \($0.value)" }
      words.append(("voxels by value", parts.joined(separator: ", ")))
    }
    return words
  }
}

/// A number as a person writes it, six digits at most, and never a negative zero.
func number(_ value: Double) -> String { String(format: "%.6g", value + 0) }
