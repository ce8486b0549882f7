/// The style of all charts.
///
/// The colors of series and groups are those of Okabe and Ito (2008), which people with color vision
/// deficiencies can tell apart. Everything is drawn in `currentColor`, so that a color is named once for
/// light and once for dark screens; paper is light.
enum Stylesheet {
  /// Okabe and Ito's colors, those with the most contrast first.
  static let palette = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1d2126", "#f0e442"]

  /// The class that gives an element the color of the series or group at an index.
  static func color(_ index: Int) -> String { "c\(index % palette.count + 1)" }

  static let css: String = {
    let root = ".hwsseg-chart"
    let colors = palette.enumerated().map { "\(root) .\(color($0)){color:\($1)}" }.joined()
    return """
      \(root){color:#1d2126;font-family:system-ui,sans-serif;font-size:\(SVG.number(Lettering.size))px}\
      \(root) text{fill:currentColor}\
      \(root) .heading{font-size:\(SVG.number(Lettering.headingSize))px;font-weight:600}\
      \(root) .category{stroke:#fff;stroke-width:4;stroke-linejoin:round;paint-order:stroke}\
      \(root) .quiet{color:#5b626b}\
      \(root) .background{color:#fff;fill:currentColor}\
      \(root) .grid{color:#e3e6ea;stroke:currentColor;fill:none}\
      \(root) .axis{color:#8a919a;stroke:currentColor;fill:none}\
      \(root) .diagonal{color:#8a919a;stroke:currentColor;stroke-dasharray:4 3;fill:none}\
      \(root) .line{stroke:currentColor;stroke-width:2;stroke-linejoin:round;stroke-linecap:round;fill:none}\
      \(root) .dashed{stroke-dasharray:6 4}\
      \(root) .band{fill:currentColor;fill-opacity:.18}\
      \(root) .dot{fill:currentColor;fill-opacity:.7}\
      \(root) .median{stroke:currentColor;stroke-width:2.5;fill:none}\
      \(colors)\
      @media screen and (prefers-color-scheme:dark){\
      \(root){color:#e8eaed}\
      \(root) .category{stroke:#16191d}\
      \(root) .quiet{color:#a7aeb8}\
      \(root) .background{color:#16191d}\
      \(root) .grid{color:#2c3138}\
      \(root) .axis,\(root) .diagonal{color:#737b86}\
      \(root) .dot{fill-opacity:.85}\
      \(root) .c1{color:#2a8ccc}\
      \(root) .c7{color:#e8eaed}}
      """
  }()
}
