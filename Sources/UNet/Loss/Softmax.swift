import Foundation

/// The voxels' part in the loss where label values exclude each other.
enum Softmax {
  /// Softmax of each voxel's logits, and what the voxels add to the sums of `DiceCrossEntropy`; ignored ones add
  /// nothing.
  static func probabilities(
    _ logits: UnsafePointer<Float>, _ labels: UnsafePointer<Int16>, voxels: Range<Int>, classes: Int, ignored: Int16,
    sums: UnsafeMutablePointer<Double>, into probabilities: UnsafeMutablePointer<Float>
  ) {
    let overlaps = sums + 2
    let (predicted, present) = (overlaps + classes, overlaps + 2 * classes)
    var (crossEntropy, counted) = (0.0, 0)
    for v in voxels where labels[v] != ignored {
      let source = logits + v * classes
      let target = probabilities + v * classes
      let label = Int(labels[v])
      var highest = source[0]
      for c in 1..<classes { highest = max(highest, source[c]) }
      var total: Float = 0
      for c in 0..<classes {
        target[c] = expf(source[c] - highest)
        total += target[c]
      }
      for c in 0..<classes {
        target[c] /= total
        predicted[c] += Double(target[c])
      }
      crossEntropy += Double(logf(total) + highest - source[label])
      overlaps[label] += Double(target[label])
      present[label] += 1
      counted += 1
    }
    sums[0] = crossEntropy
    sums[1] = Double(counted)
  }

  /// Replaces probabilities by the gradient by the logits: `factor` times that of the cross-entropy, and what follows
  /// from the gradient by probability c, which is constant[c], and atLabel[c] more where the label is c.
  static func differentiate(
    _ rows: UnsafeMutablePointer<Float>, _ labels: UnsafePointer<Int16>, voxels: Range<Int>, classes: Int,
    ignored: Int16, factor: Float, constant: UnsafePointer<Float>, atLabel: UnsafePointer<Float>
  ) {
    for v in voxels {
      let row = rows + v * classes
      guard labels[v] != ignored else {
        row.update(repeating: 0, count: classes)
        continue
      }
      let label = Int(labels[v])
      let extra = atLabel[label]
      var mean = row[label] * extra
      for c in 0..<classes { mean += row[c] * constant[c] }
      let atThisLabel = row[label] * extra - factor
      for c in 0..<classes { row[c] *= constant[c] - mean + factor }
      row[label] += atThisLabel
    }
  }
}
