/// A plot as a value, which renders to one self-contained SVG text.
///
/// The same chart gives the same text, byte for byte. The text is well-formed XML without `id`
/// attributes and with one style sheet that is the same for all charts, so that any number of them can
/// stand in one HTML page. It has no fixed size: it fills the width it is given. Values that are not
/// finite, or beyond ±1e100, are left out, and a note in the chart says how many.
public protocol Chart: Sendable {
  /// The heading of the chart, also its name for screen readers.
  var title: String { get }

  /// The chart as SVG.
  func svg() -> String
}
