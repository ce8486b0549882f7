/// What an audit says of one case.
public struct AuditedCase: Sendable, Equatable {
  /// Voxels that are connected, share a label, and that the network surely gives to the same other class.
  public struct Region: Sendable, Equatable {
    /// In mm³.
    public let volume: Double
    /// The voxel of the region that is nearest to its centroid, counted from 0 along (x, y, z), as viewers show it.
    public let voxel: [Int]
    /// The label in the label map.
    public let given: Int
    /// The label that the network gives; with regions, the lowest that lies in the same ones.
    public let predicted: Int
  }

  public let name: String
  /// The fold that held the case out.
  public let fold: String
  /// How far the share of sure disagreement lies above the median of the fold, in robust standard deviations.
  public internal(set) var score = 0.0
  /// The mean Dice of the foreground targets; NaN when there are none.
  public let dice: Double
  /// The mean probability of the given label over the voxels that are foreground in label map or prediction.
  public let selfConfidence: Double
  /// The mean, over the same voxels, of the largest probability of another label minus that of the given one.
  public let margin: Double
  /// The volume of sure disagreement in mm³.
  public let sureVolume: Double
  /// Its share of the voxels that are foreground in label map or prediction, from 0 to 1.
  public let share: Double
  /// The largest regions of sure disagreement, at most five, the largest first.
  public let regions: [Region]

  /// Whether the score is one that right labels hardly get: 3.5, as Iglewicz and Hoaglin recommend for robust z-scores
  /// (How to Detect and Handle Outliers, 1993).
  public var isSuspect: Bool { score > 3.5 }
}
