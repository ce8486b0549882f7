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
    targets.map { target in
      let masks = RegionMasks(prediction: prediction, reference: reference, values: target.values, ignored: ignored)
      return Double(2 * masks.truePositives)
        / Double(2 * masks.truePositives + masks.falsePositives + masks.falseNegatives)
    }
  }
}
