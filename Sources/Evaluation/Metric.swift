/// A measure of how well a label was segmented in a case. Raw values are the names in files and tables.
public enum Metric: String, CaseIterable, Sendable {
  case dice = "Dice"
  case intersectionOverUnion = "IoU"
  /// In mm.
  case hausdorff95 = "HD95"
  /// In mm.
  case hausdorff = "HD"
  /// In mm.
  case averageSurfaceDistance = "ASSD"
  /// Normalized surface Dice at 1 mm.
  case surfaceDice = "NSD"

  /// Whether higher values are better: true for overlaps, false for distances.
  public var isHigherBetter: Bool {
    switch self {
    case .dice, .intersectionOverUnion, .surfaceDice: true
    case .hausdorff95, .hausdorff, .averageSurfaceDistance: false
    }
  }
}

extension SegmentationMetrics {
  public subscript(metric: Metric) -> Double {
    switch metric {
    case .dice: dice
    case .intersectionOverUnion: intersectionOverUnion
    case .hausdorff95: hausdorff95
    case .hausdorff: hausdorff
    case .averageSurfaceDistance: averageSurfaceDistance
    case .surfaceDice: surfaceDice
    }
  }
}
