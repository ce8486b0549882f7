import Files
import Foundation

/// What a prediction will take, as far as the headers of the images tell: it is known before any voxel is read.
///
/// Images are taken whole, because the crop to the nonzero region depends on the voxels. Time and memory are therefore
/// upper bounds where images have a border of zeros.
public struct PredictionForecast: Sendable {
  /// Why cases cannot be segmented, as far as the headers show.
  public internal(set) var failures: [InputError] = []
  /// The number of cases whose headers can be used.
  public internal(set) var caseCount = 0
  /// The number of tiles of all cases, for all trainings together.
  public internal(set) var tiles = 0
  /// The number of passes of a network over these tiles: one for each mirror image and fold.
  public internal(set) var passes = 0
  /// The time for these passes, measured with one more, in seconds; `nil` where they take little.
  public internal(set) var seconds: Double?
  /// The most memory that is needed, with what the program and its networks hold already, in bytes.
  public internal(set) var bytes = 0
  /// The memory that can be used, with what the program and its networks hold already, in bytes.
  public internal(set) var availableBytes = 0
  /// The disk space that the files with probabilities take, in bytes; 0 when they are not asked for.
  public internal(set) var probabilityBytes = 0
  /// Whether memory suffices for three cases in work at a time.
  public internal(set) var overlaps = true
}

extension PredictionForecast: CustomStringConvertible {
  /// The forecast on one line.
  public var description: String {
    let cases = caseCount == 1 ? "1 case" : "\(Self.text(caseCount)) cases"
    let work = tiles == 1 ? "1 tile" : "\(Self.text(tiles)) tiles"
    let total = passes == tiles ? "" : " in \(Self.text(passes)) passes"
    let time = seconds.map { "about \(Self.duration($0)); " } ?? ""
    return "\(cases), \(work)\(total); \(time)"
      + "needs \(ByteCount.text(bytes)) of memory (\(ByteCount.text(availableBytes)) available)"
  }

  private static func text(_ count: Int) -> String { count.formatted(.number.locale(Locale(identifier: "en_US"))) }

  private static func duration(_ seconds: Double) -> String {
    switch seconds {
    case ..<90: String(format: "%.0f s", max(1, seconds))
    case ..<5400: String(format: "%.0f min", seconds / 60)
    default: String(format: "%.1f h", seconds / 3600)
    }
  }
}
