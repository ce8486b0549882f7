import Tensors

/// Dice over all voxels of many patches together: quick to have during training, but not the Dice of whole cases.
struct PseudoDice {
  private var truePositives: [Int]
  private var falsePositives: [Int]
  private var falseNegatives: [Int]

  /// - Parameter classes: background included.
  init(classes: Int) {
    truePositives = Array(repeating: 0, count: classes)
    falsePositives = truePositives
    falseNegatives = truePositives
  }

  /// Counts the voxels of a batch: logits [N, z, y, x, class] against labels [N, z, y, x].
  mutating func add(logits: Tensor, labels: [Int16]) {
    let classes = truePositives.count
    logits.withUnsafeBufferPointer { logits in
      for voxel in 0..<labels.count {
        let start = voxel * classes
        var predicted = 0
        for label in 1..<classes where logits[start + label] > logits[start + predicted] { predicted = label }
        let reference = Int(labels[voxel])
        if predicted == reference {
          truePositives[reference] += 1
        } else {
          falsePositives[predicted] += 1
          falseNegatives[reference] += 1
        }
      }
    }
  }

  /// One a foreground class; nil where it occurs neither in the labels nor in the prediction.
  var values: [Double?] {
    (1..<truePositives.count).map { label in
      let size = 2 * truePositives[label] + falsePositives[label] + falseNegatives[label]
      return size == 0 ? nil : Double(2 * truePositives[label]) / Double(size)
    }
  }
}
