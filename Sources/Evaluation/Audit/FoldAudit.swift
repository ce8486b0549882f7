import Foundation
import Imaging
import NIfTI
import Statistics

/// The audit of the cases that one fold held out.
///
/// A network that finds a case hard hesitates; a network that meets a wrong label is sure of another one. Only
/// disagreement that is *sure* counts therefore, as in confident learning (Northcutt et al., "Confident Learning:
/// Estimating Uncertainty in Dataset Labels", JAIR 2021): a voxel whose class has at least the probability that this
/// network, on average, gives to voxels with the label of that class.
public struct FoldAudit: Sendable {
  /// The name of the fold.
  public let fold: String
  /// For each class its label, and the probability from which the network is sure of it.
  public let thresholds: [(label: Int, probability: Double)]
  /// Labels whose own voxels get less than one half on average: the network has not learned them.
  public let unknownLabels: [Int]
  /// The cases, in the given order.
  public let cases: [AuditedCase]

  /// The number of regions that are kept of each case.
  static let regionCount = 5

  /// Audits the cases of a fold.
  ///
  /// - Parameters:
  ///   - fold: The name of the fold.
  ///   - agreements: Its cases, compared with one network that was not trained on them.
  public init(fold: String, _ agreements: [CaseAgreement]) {
    self.fold = fold
    let means = Self.selfConfidences(agreements)
    thresholds = means.map { ($0.label, Self.threshold($0.mean)) }
    unknownLabels = means.filter { $0.mean < 0.5 }.map(\.label)
    let limits = thresholds.map { Float($0.probability) }
    var cases = agreements.map { Self.audit($0, fold: fold, limits: limits) }
    for (index, score) in Self.scores(cases.map(\.share)).enumerated() { cases[index].score = score }
    self.cases = cases
  }

  /// The probability from which a network is sure: the mean self-confidence of the class, but at least 0.5 and at most
  /// 0.95.
  ///
  /// Below one half, the network does not know the class, and nothing that it says of it is sure. Above 0.95, the mean
  /// is that of a class such as the background, most of which lies far from anything: it would hide every label that
  /// was drawn where nothing is.
  private static func threshold(_ mean: Double) -> Double { mean.isNaN ? 0.95 : min(max(mean, 0.5), 0.95) }

  /// The mean probability of each class over the voxels with its label; NaN without such voxels.
  private static func selfConfidences(_ agreements: [CaseAgreement]) -> [(label: Int, mean: Double)] {
    guard let classes = agreements.first?.classes else { return [] }
    return classes.labels.enumerated().map { index, label in
      let sum = agreements.reduce(0) { $0 + $1.sums[index].confidence }
      let count = agreements.reduce(0) { $0 + $1.sums[index].count }
      return (label, sum / Double(count))
    }
  }

  /// Robust z-scores: the distance from the median in units of 1.4826 times the median absolute deviation.
  ///
  /// The networks of the folds differ in how sure they are, and in how well they are trained; within a fold, most cases
  /// have right labels, and median and deviation are theirs. The unit is at least 0.01: where most cases agree nearly
  /// everywhere, a hundredth of the foreground more is a matter of how borders are drawn.
  static func scores(_ shares: [Double]) -> [Double] {
    let median = Quantile.median(shares)
    let unit = max(1.4826 * Quantile.median(shares.map { abs($0 - median) }), 0.01)
    return shares.map { ($0 - median) / unit }
  }

  private static func audit(_ agreement: CaseAgreement, fold: String, limits: [Float]) -> AuditedCase {
    let sure = agreement.disagreements.filter { $0.probability >= limits[Int($0.predicted)] }
    return AuditedCase(
      name: agreement.name, fold: fold, dice: agreement.dice, selfConfidence: agreement.selfConfidence,
      margin: agreement.margin, sureVolume: Double(sure.count) * agreement.voxelVolume,
      // Each of these voxels is foreground in one of both, so that the share is at most 1.
      share: agreement.foreground == 0 ? 0 : Double(sure.count) / Double(agreement.foreground),
      regions: regions(sure, of: agreement))
  }

  private static func regions(
    _ sure: [CaseAgreement.Disagreement], of agreement: CaseAgreement
  ) -> [AuditedCase.Region] {
    guard !sure.isEmpty else { return [] }
    var codes = Volume<Int32>(shape: agreement.shape, repeating: 0)
    // The background can be given and can be predicted, but not both, so that a code is never 0.
    let count = Int32(agreement.classes.count)
    for voxel in sure { codes.voxels[Int(voxel.voxel)] = Int32(voxel.given) * count + Int32(voxel.predicted) }
    return Components.parts(of: codes).prefix(regionCount).map { part in
      let code = codes.voxels[part[0]]
      return AuditedCase.Region(
        volume: Double(part.count) * agreement.voxelVolume, voxel: center(part, shape: agreement.shape),
        given: Int(code / count), predicted: agreement.classes.labels[Int(code % count)])
    }
  }

  /// The voxel (x, y, z) of a region that is nearest to its centroid, which may lie outside, in the hollow of a shell.
  private static func center(_ part: [Int], shape: [Int]) -> [Int] {
    func position(_ voxel: Int) -> [Int] {
      [voxel % shape[2], voxel / shape[2] % shape[1], voxel / (shape[1] * shape[2])]
    }
    var sum = [0, 0, 0]
    for voxel in part { for (axis, index) in position(voxel).enumerated() { sum[axis] += index } }
    let centroid = sum.map { Double($0) / Double(part.count) }
    func distance(_ voxel: Int) -> Double {
      zip(position(voxel), centroid).reduce(0) { $0 + (Double($1.0) - $1.1) * (Double($1.0) - $1.1) }
    }
    var nearest = (voxel: part[0], distance: Double.infinity)
    for voxel in part where distance(voxel) < nearest.distance { nearest = (voxel, distance(voxel)) }
    return position(nearest.voxel)
  }
}
