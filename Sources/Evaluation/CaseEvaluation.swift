import Foundation

/// The metrics of every target in one case.
public struct CaseEvaluation: Sendable {
  public let name: String
  public let predictionFile: URL
  public let referenceFile: URL
  /// One entry for each target, in the order of the summary's targets.
  public let metrics: [SegmentationMetrics]
  /// The diagonal of the image in mm: the distance that counts for a structure that was missed.
  public let diagonal: Double

  public init(
    name: String, predictionFile: URL, referenceFile: URL, metrics: [SegmentationMetrics], diagonal: Double
  ) {
    self.name = name
    self.predictionFile = predictionFile
    self.referenceFile = referenceFile
    self.metrics = metrics
    self.diagonal = diagonal
  }

  /// The mean over the targets for which the metric is defined; NaN when there are none.
  public func mean(_ metric: Metric) -> Double {
    let values = metrics.map { $0[metric] }.filter { !$0.isNaN }
    return values.reduce(0, +) / Double(values.count)
  }
}
