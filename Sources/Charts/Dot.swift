/// The mark of one case, in the shape of its group: color alone does not reach every reader or printer.
enum Dot {
  /// The largest distance of any point of the mark from its center.
  static let radius = 3.5

  private static let shapes = [
    "m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0", "m0-3.5l3.3 6h-6.6z", "m-2.6-2.6h5.2v5.2h-5.2z",
    "m0-3.5l3.5 3.5-3.5 3.5-3.5-3.5z",
  ]

  /// The mark at a position, with a tooltip.
  static func svg(x: Double, y: Double, group: Int, tooltip: String) -> String {
    path(x, y, group) + "><title>\(SVG.escaped(tooltip))</title></path>\n"
  }

  /// The mark in a legend.
  static func key(group: Int) -> String {
    #"<g class="dot \#(Stylesheet.color(group))">\#(path(0, 0, group))/></g>"#
  }

  private static func path(_ x: Double, _ y: Double, _ group: Int) -> String {
    #"<path d="M\#(SVG.number(x)) \#(SVG.number(y))\#(shapes[group % shapes.count])""#
  }
}
