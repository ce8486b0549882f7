/// Lines over a common axis, such as the loss over epochs.
public struct LineChart: Chart, Equatable {
  /// One point of a line.
  public struct Point: Equatable, Sendable {
    /// The value on the horizontal axis.
    public var x: Double
    /// The value on the vertical axis.
    public var y: Double
    /// The lower end of the band around the line.
    public var low: Double?
    /// The upper end of the band around the line.
    public var high: Double?

    /// Creates a point. A band is drawn between neighbors that both have `low` and `high`.
    public init(_ x: Double, _ y: Double, low: Double? = nil, high: Double? = nil) {
      self.x = x
      self.y = y
      self.low = low
      self.high = high
    }
  }

  /// A line with its name in the legend.
  public struct Series: Equatable, Sendable {
    /// The name in the legend.
    public var name: String
    /// The points in the order in which the line connects them. The line is broken where one is not finite.
    public var points: [Point]
    /// The position of the line's color in the palette, or `nil` for that of the line in the chart.
    public var color: Int?

    /// Creates a series.
    public init(_ name: String, _ points: [Point], color: Int? = nil) {
      self.name = name
      self.points = points
      self.color = color
    }
  }

  public var title: String
  /// The horizontal axis.
  public var x: Axis
  /// The vertical axis.
  public var y: Axis
  /// The lines; their order decides their colors, where they name none.
  public var series: [Series]

  /// Creates a chart.
  public init(_ title: String, x: Axis, y: Axis, series: [Series]) {
    self.title = title
    self.x = x
    self.y = y
    self.series = series
  }

  public func svg() -> String {
    var (xExtent, yExtent) = (Extent(), Extent())
    for point in series.flatMap(\.points) where point.isDrawable {
      xExtent.include(point.x)
      yExtent.include(point.y)
      yExtent.include(point.band)
    }
    let isEmpty = xExtent.range == nil
    xExtent.include(x.range)
    yExtent.include(y.range)
    let frame = Frame(
      title: title, description: description, legend: series.indices.map(entry), xTitle: x.title,
      xTicks: Ticks(covering: xExtent.range ?? 0...1, count: 6, wholeNumbers: xExtent.isWhole), yTitle: y.title,
      yTicks: Ticks(covering: yExtent.range ?? 0...1, count: 5), plotHeight: isEmpty ? 80 : 220,
      omitted: series.flatMap(\.points).count { !$0.isDrawable })
    return frame.svg(marks: isEmpty ? "" : marks(in: frame))
  }

  private func marks(in frame: Frame) -> String {
    // All bands are below all lines.
    let bands = series.indices.map { index in
      runs(of: series[index]).flatMap { $0.split { $0.band == nil } }.filter { $0.count > 1 }.map { run in
        let upper = run.map { ($0.x, $0.band?.upperBound ?? $0.y) }
        let lower = run.reversed().map { ($0.x, $0.band?.lowerBound ?? $0.y) }
        return #"<path class="band \#(Stylesheet.color(color(index)))" d="\#(path(upper + lower, in: frame))z"/>"#
          + "\n"
      }.joined()
    }
    let lines = series.indices.map { index in
      runs(of: series[index]).map { run in
        // A line of a single point would not be visible: its round ends make a dot of it.
        let points = run.count == 1 ? [run[0], run[0]] : Array(run)
        return #"<path class="\#(style(index))" d="\#(path(points.map { ($0.x, $0.y) }, in: frame))">"#
          + "<title>\(SVG.escaped(series[index].name))</title></path>\n"
      }.joined()
    }
    return bands.joined() + lines.joined()
  }

  /// The parts of a line between points that are not finite.
  private func runs(of series: Series) -> [[Point]] { series.points.split { !$0.isDrawable }.map(Array.init) }

  private func path(_ points: [(Double, Double)], in frame: Frame) -> String {
    "M" + points.map { "\(SVG.number(frame.x($0.0))) \(SVG.number(frame.y($0.1)))" }.joined(separator: "L")
  }

  private func color(_ index: Int) -> Int { series[index].color ?? index }

  private func style(_ index: Int) -> String {
    "line \(Stylesheet.color(color(index)))" + (color(index) < Stylesheet.palette.count ? "" : " dashed")
  }

  private func entry(_ index: Int) -> Legend.Entry {
    Legend.Entry(name: series[index].name, key: #"<path class="\#(style(index))" d="M-9 0H9"/>"#)
  }

  private var description: String {
    let lines = series.map { "\($0.name) (\($0.points.count) points)" }
    return "Lines of \(y.title) over \(x.title): \(lines.joined(separator: ", "))."
  }
}

extension LineChart.Point {
  fileprivate var isDrawable: Bool { x.isDrawable && y.isDrawable }

  fileprivate var band: ClosedRange<Double>? {
    guard let low, let high, low.isDrawable, high.isDrawable, low <= high else { return nil }
    return low...high
  }
}
