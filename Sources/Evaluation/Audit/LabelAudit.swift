import Datasets
import Files
import Foundation

/// The cases of all folds, those first whose labels are most surely contradicted.
public struct LabelAudit: Sendable {
  /// The audited cases by score, the highest first.
  public let cases: [AuditedCase]
  private let dataset: [String]
  private let groups: CaseTable?
  private let folds: [FoldAudit]

  /// The number of cases that the table shows.
  package static let shownCount = 20
  /// Of fewer cases than this, median and deviation say little.
  static let fewCases = 10

  /// Puts folds together.
  ///
  /// - Parameters:
  ///   - folds: The folds; none has a case of another.
  ///   - caseNames: All cases of the data set.
  ///   - groups: The table of groups, if there is one.
  public init(_ folds: [FoldAudit], caseNames: [String], groups: CaseTable? = nil) {
    cases = folds.flatMap(\.cases).sorted { ($1.score, $1.share, $0.name) < ($0.score, $0.share, $1.name) }
    dataset = caseNames
    self.groups = groups
    self.folds = folds
  }

  /// The suspect cases, the highest score first.
  public var suspects: [AuditedCase] { cases.filter(\.isSuspect) }

  /// Writes `audit.csv`, `audit_regions.csv` and `case_weights.csv`.
  ///
  /// - Throws: `InputError` when a file cannot be written.
  public func write(to folder: URL) throws {
    for (name, rows) in [("audit", caseRows), ("audit_regions", regionRows), ("case_weights", weightRows)] {
      try AtomicFile.replace(folder.appendingPathComponent(name + ".csv"), with: CSV.text(rows))
    }
  }

  /// One row for each case.
  private var caseRows: [[String]] {
    let header = [
      "case", "fold", "group", "score", "rank", "Dice", "self_confidence", "margin", "sure_volume_mm3", "sure_share",
      "region_volume_mm3", "x", "y", "z", "given", "predicted",
    ]
    return [header]
      + cases.enumerated().map { index, item in
        [item.name, item.fold, group(item), Self.text(item.score), String(index + 1)]
          + [item.dice, item.selfConfidence, item.margin, item.sureVolume, item.share].map(Self.text)
          + (item.regions.first.map(Self.cells) ?? Array(repeating: "", count: 6))
      }
  }

  /// One row for each region, in the order of the cases.
  private var regionRows: [[String]] {
    [["case", "region", "region_volume_mm3", "x", "y", "z", "given", "predicted"]]
      + cases.flatMap { item in
        item.regions.enumerated().map { [item.name, String($0 + 1)] + Self.cells($1) }
      }
  }

  /// The table that the sampler `static` draws by: 0 for suspects, and 1 for all others, also those of folds that were
  /// not audited.
  ///
  /// There is nothing between: a case that is merely hard must not be drawn less, and a label that is wrong must not be
  /// learned at all.
  private var weightRows: [[String]] {
    let left = Set(suspects.map(\.name))
    return [["case", "weight"]] + dataset.map { [$0, left.contains($0) ? "0" : "1"] }
  }

  /// The group of a case; empty when it has none.
  package func group(_ item: AuditedCase) -> String { groups?.value("group", of: item.name) ?? "" }

  private static func cells(_ region: AuditedCase.Region) -> [String] {
    [text(region.volume)] + (region.voxel + [region.given, region.predicted]).map(String.init)
  }

  private static func text(_ value: Double) -> String { value.isNaN ? "NaN" : String(value) }
}

extension LabelAudit {
  /// The cases with the highest scores, for a terminal.
  public func table() -> String {
    let shown = cases.prefix(Self.shownCount)
    let hasGroups = shown.contains { !group($0).isEmpty }
    func number(_ value: Double, _ decimals: Int) -> String { TextTable.number(value, decimals: decimals) }
    let header: [String] =
      ["case", "fold"] + (hasGroups ? ["group"] : [])
      + ["score", "Dice", "sure mm³", "share", "largest mm³", "at x y z", "label"]
    let rows = shown.map { item -> [String] in
      var row = [TextTable.shortened(item.name, to: 24), item.fold]
      if hasGroups { row.append(TextTable.shortened(group(item), to: 12)) }
      row += [number(item.score, 1), number(item.dice, 3), number(item.sureVolume, 0), number(item.share, 3)]
      guard let region = item.regions.first else { return row + ["–", "–", "–"] }
      let voxel = region.voxel.map(String.init).joined(separator: " ")
      return row + [number(region.volume, 0), voxel, "\(region.given) → \(region.predicted)"]
    }
    var text = TextTable.aligned([header] + rows)
    if cases.count > shown.count { text += "  … \(cases.count - shown.count) more in audit.csv\n" }
    return text + notes.map { $0 + "\n" }.joined()
  }

  /// What the reader has to know of the scores.
  package var notes: [String] {
    var notes = ["\(suspects.count) of \(cases.count) cases score above 3.5; a person has to look at them."]
    for fold in folds {
      if fold.cases.count < Self.fewCases {
        let count = fold.cases.count == 1 ? "1 case" : "\(fold.cases.count) cases"
        notes.append("Fold \(fold.fold) has \(count): scores within it say little.")
      }
      if !fold.unknownLabels.isEmpty {
        let labels = fold.unknownLabels.map(String.init).joined(separator: ", ")
        notes.append("Fold \(fold.fold) has not learned label \(labels): its scores say little. Train it longer.")
      }
    }
    return notes
  }
}
