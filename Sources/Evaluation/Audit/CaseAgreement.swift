import Datasets
import NIfTI

/// How a case's label map and a network's probabilities go together, as far as the case alone tells.
///
/// The network must not have been trained on the case. ``FoldAudit`` says which disagreement is sure.
public struct CaseAgreement: Sendable {
  /// A voxel that the network gives to another class than its label, with a probability above one half.
  struct Disagreement: Sendable {
    let voxel: UInt32
    let given: Int16
    let predicted: Int16
    let probability: Float
  }

  public let name: String
  let shape: [Int]
  /// The volume of a voxel in mm³.
  let voxelVolume: Double
  let classes: LabelClasses
  /// The mean over the foreground targets that are in the label map or the prediction; NaN when there are none.
  let dice: Double
  /// The number of annotated voxels that are foreground in the label map or the prediction.
  private(set) var foreground = 0
  /// The mean probability of the given label over the foreground of both; NaN without foreground.
  private(set) var selfConfidence = Double.nan
  /// The mean, over the same voxels, of the largest probability of another label minus that of the given one.
  private(set) var margin = Double.nan
  /// The sum of the probabilities of the given label over all annotated voxels of each class, and their number.
  private(set) var sums: [(confidence: Double, count: Int)]
  private(set) var disagreements: [Disagreement] = []

  /// The memory that the comparison takes for each voxel, in bytes: the label map as it is read, and masks.
  public static let bytesPerVoxel = 12

  /// Compares a case.
  ///
  /// - Parameters:
  ///   - name: The name of the case.
  ///   - labels: The label map, with the values that `description` names.
  ///   - prediction: The labels that the network gives, of the same shape.
  ///   - probabilities: [output channel, z, y, x], from 0 to 1.
  ///   - spacing: Along (z, y, x), in mm.
  ///   - description: The labels.
  public init(
    name: String, labels: Volume<Int32>, prediction: Volume<Int32>, probabilities: [Float], spacing: [Double],
    description: DatasetDescription
  ) {
    let voxels = labels.voxels.count
    precondition(prediction.shape == labels.shape && probabilities.count == description.outputChannels * voxels)
    self.name = name
    shape = labels.shape
    voxelVolume = spacing.reduce(1, *)
    classes = LabelClasses(description)
    let scores = Evaluator.dice(
      prediction: prediction, reference: labels, targets: EvaluationTarget.all(of: description),
      ignored: description.ignoreLabel
    ).filter { !$0.isNaN }
    dice = scores.reduce(0, +) / Double(scores.count)
    sums = Array(repeating: (0, 0), count: classes.count)
    probabilities.withUnsafeBufferPointer { add($0, labels, prediction) }
  }

  private mutating func add(
    _ probabilities: UnsafeBufferPointer<Float>, _ labels: Volume<Int32>, _ prediction: Volume<Int32>
  ) {
    let voxels = labels.voxels.count
    var (confidences, margins) = (0.0, 0.0)
    withUnsafeTemporaryAllocation(of: Float.self, capacity: classes.count) { own in
      for voxel in 0..<voxels {
        guard let given = classes.index(of: labels.voxels[voxel]) else { continue }
        classes.probabilities(probabilities, voxel: voxel, of: voxels, into: own)
        var (other, largest) = (given, -Float.infinity)
        for index in own.indices where index != given && own[index] > largest {
          (other, largest) = (index, own[index])
        }
        sums[given].confidence += Double(own[given])
        sums[given].count += 1
        if largest > 0.5 {
          disagreements.append(
            Disagreement(
              voxel: UInt32(voxel), given: Int16(labels.voxels[voxel]), predicted: Int16(other), probability: largest))
        }
        guard labels.voxels[voxel] != 0 || prediction.voxels[voxel] != 0 else { continue }
        foreground += 1
        confidences += Double(own[given])
        margins += Double(largest - own[given])
      }
    }
    guard foreground > 0 else { return }
    (selfConfidence, margin) = (confidences / Double(foreground), margins / Double(foreground))
  }
}
