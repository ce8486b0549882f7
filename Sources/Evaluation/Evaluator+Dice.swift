import NIfTI

extension Evaluator {
  /// The Dice of each target in one case, as in ``SegmentationMetrics/dice``, without the distances, which take longer.
  ///
  /// - Parameters:
  ///   - prediction: A label map.
  ///   - reference: A label map of the same shape.
  ///   - targets: Labels or regions.
  ///   - ignored: Voxels with this label in the reference are left out.
  public static func dice(
    prediction: Volume<Int32>, reference: Volume<Int32>, targets: [EvaluationTarget], ignored: Int?
  ) -> [Double] {
    targets.map {
      RegionMasks(prediction: prediction, reference: reference, values: $0.values, ignored: ignored).dice
    }
  }
}
