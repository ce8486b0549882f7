import Datasets
import Files

/// A label, or a region made up of several labels, for which metrics are computed.
public struct EvaluationTarget: Sendable, Equatable {
  public let name: String
  /// The labels that belong to it.
  public let values: [Int]
  /// nnU-Net's key in `summary.json`: "1" for a label, "(1, 2)" or "(3,)" for a region, which is a list in
  /// `dataset.json`.
  public let key: String
  /// Whether `dataset.json` gives it as a list.
  public let isRegion: Bool

  public init(name: String, values: [Int], isRegion: Bool) {
    self.name = name
    self.values = values
    self.isRegion = isRegion
    let list = values.map(String.init).joined(separator: ", ")
    key = !isRegion ? list : values.count == 1 ? "(\(list),)" : "(\(list))"
  }

  /// The targets of a data set: its foreground labels in ascending order, or its regions in the order of the file.
  public static func all(of description: DatasetDescription) -> [EvaluationTarget] {
    let labels = if case .object(let document) = description.document { document["labels"] } else { JSON?.none }
    return description.foregroundClasses.map { region in
      let isRegion = if case .object(let labels) = labels, case .array = labels[region.name] { true } else { false }
      return EvaluationTarget(name: region.name, values: region.values, isRegion: isRegion)
    }
  }
}
