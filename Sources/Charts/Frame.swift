/// What all charts have around their marks: heading, legend, axes, grid and a note.
struct Frame {
  /// The width of the view box. A phone shows it at about two thirds of its size, which can still be read.
  static let width = 480.0

  let title: String
  let description: String
  let legend: Legend
  let xTitle: String
  let x: Scale
  let xTicks: Ticks
  let yTitle: String
  /// `nil` for rows of categories, which have no scale.
  let yTicks: Ticks?
  let y: Scale
  /// How many values are not drawn.
  let omitted: Int

  private let height: Double
  private static let margin = 12.0

  /// - Parameters:
  ///   - yTicks: The ticks of the vertical axis, or `nil` for rows of categories.
  ///   - plotHeight: The height of the plot area, or `nil` for a square.
  init(
    title: String, description: String, legend: [Legend.Entry], xTitle: String, xTicks: Ticks, yTitle: String,
    yTicks: Ticks?, plotHeight: Double?, omitted: Int
  ) {
    self.title = title
    self.description = description
    self.legend = Legend(legend, width: Self.width - 2 * Self.margin)
    self.xTitle = xTitle
    self.xTicks = xTicks
    self.yTitle = yTitle
    self.yTicks = yTicks
    self.omitted = omitted
    let labels = yTicks.map { $0.labels.map { Lettering.width($0) }.max() ?? 0 } ?? 0
    // Labels of the horizontal axis reach out by half of their width.
    let reach = xTicks.labels.map { Lettering.width($0) / 2 }
    let left = yTicks == nil ? max(Self.margin, reach[0]) : Self.margin + 18 + labels + 6
    let right = Self.width - max(Self.margin, reach[reach.count - 1])
    let top = 34 + self.legend.height + (self.legend.height > 0 ? 8 : 0)
    let bottom = top + (plotHeight ?? right - left)
    x = Scale(from: xTicks.range, to: (left, right))
    y = Scale(from: yTicks?.range ?? 0...1, to: (bottom, top))
    height = bottom + 44 + (omitted > 0 ? 18 : 0)
  }

  var left: Double { x.target.0 }
  var right: Double { x.target.1 }
  var top: Double { y.target.1 }
  var bottom: Double { y.target.0 }

  /// The chart with its marks, or with the words "no data" where there are none.
  func svg(marks: String) -> String {
    let heading = Lettering.fitted(title, width: Self.width - 2 * Self.margin, size: Lettering.headingSize)
    var lines = [
      #"<svg xmlns="http://www.w3.org/2000/svg" class="hwsseg-chart" role="img" viewBox="0 0 "#
        + #"\#(SVG.number(Self.width)) \#(SVG.number(height))">"#,
      "<title>\(SVG.escaped(title))</title>",
      "<desc>\(SVG.escaped(description))</desc>",
      "<style>\(Stylesheet.css)</style>",
      #"<path class="background" d="M0 0h\#(SVG.number(Self.width))v\#(SVG.number(height))H0z"/>"#,
      SVG.text(heading, "heading", x: Self.margin, y: 22),
    ]
    if marks.isEmpty {
      let (middle, center) = ((left + right) / 2, (top + bottom) / 2)
      lines.append(SVG.text("no data", "quiet", x: middle, y: center, anchor: "middle"))
    } else {
      lines.append(legend.svg(x: Self.margin, y: 34))
      lines += axes()
      lines.append(#"<g class="marks">\#n\#(marks)</g>"#)
    }
    if omitted > 0 {
      let note = omitted == 1 ? "1 value is not finite and not shown" : "\(omitted) values are not finite and not shown"
      lines.append(SVG.text(note, "quiet", x: Self.width - Self.margin, y: height - 8, anchor: "end"))
    }
    return lines.joined(separator: "\n") + "\n</svg>\n"
  }

  private func axes() -> [String] {
    var lines: [String] = []
    for (value, label) in zip(xTicks.values, xTicks.labels) {
      lines.append(SVG.line("grid", x1: x(value), y1: top, x2: x(value), y2: bottom))
      lines.append(SVG.text(label, "quiet", x: x(value), y: bottom + 17, anchor: "middle"))
    }
    if let yTicks {
      for (value, label) in zip(yTicks.values, yTicks.labels) {
        lines.append(SVG.line("grid", x1: left, y1: y(value), x2: right, y2: y(value)))
        lines.append(SVG.text(label, "quiet", x: left - 6, y: y(value) + 4, anchor: "end"))
      }
      let center = SVG.number((top + bottom) / 2)
      lines.append(
        #"<text class="label" transform="translate(\#(SVG.number(Self.margin + 10)) \#(center)) rotate(-90)" "#
          + #"text-anchor="middle">\#(SVG.escaped(Lettering.fitted(yTitle, width: bottom - top)))</text>"#)
      lines.append(SVG.line("axis", x1: left, y1: top, x2: left, y2: bottom))
    }
    lines.append(SVG.line("axis", x1: left, y1: bottom, x2: right, y2: bottom))
    let xLabel = Lettering.fitted(xTitle, width: right - left)
    lines.append(SVG.text(xLabel, "label", x: (left + right) / 2, y: bottom + 36, anchor: "middle"))
    return lines
  }
}

/// A linear map from the values of an axis to coordinates.
struct Scale {
  let source: ClosedRange<Double>
  let target: (Double, Double)

  init(from source: ClosedRange<Double>, to target: (Double, Double)) {
    self.source = source
    self.target = target
  }

  func callAsFunction(_ value: Double) -> Double {
    let share = (value - source.lowerBound) / (source.upperBound - source.lowerBound)
    return target.0 + share * (target.1 - target.0)
  }
}
