import Foundation
import Mustache

/// What the template of a page shows. The names of the properties are those in the template.
struct ReportPage {
  let title: String
  let lead: String
  /// What files beside the page hold.
  let files: String
  let style = Self.text(PackageResources.report_css)
  let script = Self.text(PackageResources.report_js)
  let sections: [ReportSection]

  /// The page as HTML.
  ///
  /// - Throws: What the template engine throws when a template is damaged, which is a bug.
  func html() throws -> String {
    let templates = try MustacheLibrary(templates: [
      "report": MustacheTemplate(string: Self.text(PackageResources.report_mustache)),
      "table": MustacheTemplate(string: Self.text(PackageResources.table_mustache)),
    ])
    return templates.render(self, withTemplate: "report") ?? ""
  }

  private static func text(_ resource: [UInt8]) -> String { String(decoding: resource, as: UTF8.self) }
}

/// A part of the page with a heading, which the navigation leads to.
struct ReportSection {
  let id: String
  let heading: String
  let text: String
  /// The sentences that matter most.
  var verdicts: [String] = []
  var charts: [String] = []
  /// Tables that belong together: a long one beside shorter ones.
  var tableGroups: [ReportTableGroup] = []
  var tables: [ReportTable] = []
  /// What the reader has to know of the tables.
  var notes: [String] = []
  var pictures: [CasePicture] = []
  /// What is shown on demand.
  var details: [ReportDetails] = []
}

/// Tables of a section that stand beside each other.
struct ReportTableGroup {
  let tables: [ReportTable]
}

/// A part of a section that opens with a click.
struct ReportDetails {
  let summary: String
  var tables: [ReportTable] = []
  var charts: [String] = []
}
