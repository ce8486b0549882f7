/// What the template of the page shows. The names of the properties are those in the template.
struct ReportPage {
  let title: String
  let lead: String
  /// What files beside the page hold.
  let files: String
  let style: String
  let script: String
  let sections: [ReportSection]
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
