import Datasets
import Evaluation
import Files
import Foundation
import NIfTI

/// The cases whose labels are most surely contradicted, as a page to look at.
public struct AuditPage {
  private let audit: LabelAudit
  private let pictures: [CasePicture]

  /// The number of cases that are shown as slices.
  static let pictureCount = 10

  /// Gathers what the page shows.
  ///
  /// - Parameters:
  ///   - audit: The audit.
  ///   - dataset: The data set that was audited; of each image the first channel is shown.
  ///   - segmentations: The segmentation of each case by the network that was not trained on it.
  /// - Throws: `InputError` when a file of the cases to be shown cannot be read.
  public init(_ audit: LabelAudit, of dataset: RawDataset, segmentations: [String: URL]) throws {
    self.audit = audit
    let cases = Dictionary(uniqueKeysWithValues: dataset.cases.map { ($0.name, $0) })
    pictures = try audit.cases.prefix(Self.pictureCount).compactMap { item in
      guard let rawCase = cases[item.name], let label = rawCase.label, let segmentation = segmentations[item.name]
      else { return nil }
      return try CasePicture(
        item, CaseVolumes(image: rawCase.images[0], reference: label, predictions: [segmentation]))
    }
  }

  /// Writes the page.
  ///
  /// - Throws: `InputError` when the file cannot be written.
  public func write(to page: URL) throws { try AtomicFile.replace(page, with: html()) }

  func html() throws -> String {
    let section = ReportSection(
      id: "labels", heading: "The most contradicted labels",
      text: """
        Each score says how much more of a case its network surely contradicts than it does of other cases of the same \
        fold. The slices go through the largest region of sure disagreement. The wide blue lines are the borders of \
        the given labels, the narrow orange ones those of the prediction. Slices are along the axes of the file.
        """,
      tables: [table], notes: audit.notes, pictures: pictures)
    return try ReportPage(
      title: "Audit of labels", lead: "\(audit.cases.count) cases, \(audit.suspects.count) of them suspect.",
      files: "All cases are in audit.csv, their regions in audit_regions.csv.", sections: [section]
    ).html()
  }

  private var table: ReportTable {
    let rows = audit.cases.prefix(LabelAudit.shownCount).map { item -> ReportTable.Row in
      let region = item.regions.first
      return ReportTable.Row(cells: [
        ReportTable.Cell(item.name), ReportTable.Cell(item.fold), ReportTable.Cell(audit.group(item)),
        ReportTable.Cell(number: item.score, decimals: 1), ReportTable.Cell(number: item.dice, decimals: 3),
        ReportTable.Cell(number: item.sureVolume, decimals: 0), ReportTable.Cell(number: item.share, decimals: 3),
        ReportTable.Cell(number: region?.volume ?? .nan, decimals: 0), ReportTable.Cell(region?.text ?? "–"),
      ])
    }
    let numbers = ["score", "Dice", "sure mm³", "share", "largest region mm³"]
    return ReportTable(
      caption: "The cases with the highest scores",
      columns: ReportTable.columns(["case", "fold", "group"], numbers: numbers)
        + ReportTable.columns(["its voxel and labels"], numbers: []), rows: Array(rows))
  }
}

extension AuditedCase.Region {
  fileprivate var text: String {
    "\(voxel.map(String.init).joined(separator: ", ")): label \(given), network \(predicted)"
  }
}

extension CasePicture {
  /// The slices through the largest region of sure disagreement; those with most wrong voxels where there is none.
  fileprivate init(_ item: AuditedCase, _ volumes: CaseVolumes) {
    let (box, region) = (volumes.box, item.regions.first)
    // The region's voxel is (x, y, z), the axes of a volume are (z, y, x).
    let slices = region.map { Array($0.voxel.reversed()) } ?? volumes.slices
    let label = "score \(String(format: "%.1f", item.score))" + (region.map { "; \($0.text)" } ?? "")
    self.init(
      caseName: "\(item.name), fold \(item.fold)",
      rows: [
        Row(
          label: label,
          slices: (0..<3).map { SlicePicture.svg(volumes, volumes.predictions[0], across: $0, at: slices[$0], in: box) }
        )
      ])
  }
}
