import NIfTI

/// The masks of a region in a prediction and its reference, cropped to the box around both, and the counts of voxels.
struct RegionMasks {
  private(set) var truePositives = 0
  private(set) var falsePositives = 0
  private(set) var falseNegatives = 0
  private(set) var trueNegatives = 0
  let prediction: Volume<Bool>
  let reference: Volume<Bool>

  /// Twice the voxels in both, divided by the voxels of each; NaN when both are empty.
  var dice: Double {
    Double(2 * truePositives) / Double(2 * truePositives + falsePositives + falseNegatives)
  }

  init(prediction: Volume<Int32>, reference: Volume<Int32>, values: [Int], ignored: Int?) {
    let shape = reference.shape
    // Labels are looked up in a table; labels beyond its end are in no region.
    let highest = max(0, values.max() ?? 0, ignored ?? 0)
    var isMember = [Bool](repeating: false, count: highest + 1)
    for value in values where value >= 0 { isMember[value] = true }
    var (lowZ, lowY, lowX) = (shape[0], shape[1], shape[2])
    var (highZ, highY, highX) = (0, 0, 0)
    var counts = [0, 0, 0, 0]
    func member(_ label: Int32) -> Bool { label >= 0 && label <= highest && isMember[Int(label)] }

    prediction.voxels.withUnsafeBufferPointer { predicted in
      reference.voxels.withUnsafeBufferPointer { expected in
        var voxel = 0
        for z in 0..<shape[0] {
          for y in 0..<shape[1] {
            for x in 0..<shape[2] {
              let label = expected[voxel]
              let isExpected = member(label)
              let isPredicted = member(predicted[voxel])
              voxel += 1
              if let ignored, Int(label) == ignored { continue }
              counts[(isExpected ? 2 : 0) + (isPredicted ? 1 : 0)] += 1
              guard isExpected || isPredicted else { continue }
              (lowZ, lowY, lowX) = (min(lowZ, z), min(lowY, y), min(lowX, x))
              (highZ, highY, highX) = (max(highZ, z + 1), max(highY, y + 1), max(highX, x + 1))
            }
          }
        }
      }
    }
    (trueNegatives, falsePositives, falseNegatives, truePositives) = (counts[0], counts[1], counts[2], counts[3])

    let box = counts[1] + counts[2] + counts[3] == 0 ? [0, 0, 0] : [highZ - lowZ, highY - lowY, highX - lowX]
    var predictionMask = Volume(shape: box, repeating: false)
    var referenceMask = predictionMask
    var target = 0
    for z in 0..<box[0] {
      for y in 0..<box[1] {
        let row = ((z + lowZ) * shape[1] + y + lowY) * shape[2] + lowX
        for x in 0..<box[2] {
          let label = reference.voxels[row + x]
          if ignored.map({ Int(label) != $0 }) ?? true {
            referenceMask.voxels[target] = member(label)
            predictionMask.voxels[target] = member(prediction.voxels[row + x])
          }
          target += 1
        }
      }
    }
    self.prediction = predictionMask
    self.reference = referenceMask
  }
}
