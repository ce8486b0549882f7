import NIfTI

/// The metrics of one label, or of one region made up of several labels, in one case.
public struct SegmentationMetrics: Sendable, Equatable {
  public var truePositives: Int
  public var falsePositives: Int
  public var falseNegatives: Int
  public var trueNegatives: Int
  /// The 95th percentile of the surface distances in mm, the larger of both directions.
  public var hausdorff95: Double
  /// The Hausdorff distance in mm.
  public var hausdorff: Double
  /// The average symmetric surface distance in mm.
  public var averageSurfaceDistance: Double
  /// Normalized surface Dice at 1 mm: the share of both surfaces that lies within 1 mm of the other.
  public var surfaceDice: Double

  /// Number of predicted voxels.
  public var predicted: Int { truePositives + falsePositives }
  /// Number of voxels in the reference.
  public var expected: Int { truePositives + falseNegatives }

  /// 2 TP / (2 TP + FP + FN); NaN when the label is in neither volume (nnU-Net's rule).
  public var dice: Double {
    Double(2 * truePositives) / Double(2 * truePositives + falsePositives + falseNegatives)
  }

  /// TP / (TP + FP + FN); NaN when the label is in neither volume (nnU-Net's rule).
  public var intersectionOverUnion: Double {
    Double(truePositives) / Double(truePositives + falsePositives + falseNegatives)
  }

  /// Compares a prediction with its reference.
  ///
  /// Distances are NaN when the label is missing from either volume, where MONAI gives infinity: a structure
  /// that was not found has no distance. Look at Dice for those cases; it is zero.
  ///
  /// - Parameters:
  ///   - prediction: A label map.
  ///   - reference: A label map of the same shape.
  ///   - values: The labels that make up the region.
  ///   - ignored: Voxels with this label in the reference are left out.
  ///   - spacing: Along (z, y, x), in mm.
  public init(
    prediction: Volume<Int32>, reference: Volume<Int32>, values: [Int], ignored: Int? = nil, spacing: [Double]
  ) {
    precondition(prediction.shape == reference.shape)
    let masks = RegionMasks(prediction: prediction, reference: reference, values: values, ignored: ignored)
    truePositives = masks.truePositives
    falsePositives = masks.falsePositives
    falseNegatives = masks.falseNegatives
    trueNegatives = masks.trueNegatives
    let isInBoth = masks.truePositives + masks.falsePositives > 0 && masks.truePositives + masks.falseNegatives > 0
    if isInBoth {
      let distances = SurfaceDistances(prediction: masks.prediction, reference: masks.reference, spacing: spacing)
      hausdorff95 = distances.hausdorff(percentile: 95)
      hausdorff = distances.hausdorff()
      averageSurfaceDistance = distances.average
      surfaceDice = distances.surfaceDice(tolerance: 1)
    } else {
      let isInNeither = masks.truePositives + masks.falsePositives + masks.falseNegatives == 0
      hausdorff95 = .nan
      hausdorff = .nan
      averageSurfaceDistance = .nan
      surfaceDice = isInNeither ? .nan : 0
    }
  }
}
