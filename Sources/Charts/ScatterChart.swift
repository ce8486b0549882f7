/// Cases by two values each, such as the Dice of two networks or an estimate beside the truth.
public struct ScatterChart: Chart, Equatable {
  /// One case.
  public struct Point: Equatable, Sendable {
    /// The name of the case.
    public var name: String
    /// The value on the horizontal axis.
    public var x: Double
    /// The value on the vertical axis.
    public var y: Double

    /// Creates a point.
    public init(_ name: String, x: Double, y: Double) {
      self.name = name
      self.x = x
      self.y = y
    }
  }

  /// Cases of one color and shape.
  public struct Group: Equatable, Sendable {
    /// The name in the legend; there is none for an empty name.
    public var name: String
    /// The cases.
    public var points: [Point]

    /// Creates a group.
    public init(_ name: String, _ points: [Point]) {
      self.name = name
      self.points = points
    }
  }

  public var title: String
  /// The horizontal axis.
  public var x: Axis
  /// The vertical axis.
  public var y: Axis
  /// The groups. Their order decides their colors, so a group without points keeps those of the others.
  public var groups: [Group]
  /// Whether both axes cover the same range and a line marks where both values are equal.
  public var diagonal: Bool

  /// Creates a chart.
  public init(_ title: String, x: Axis, y: Axis, groups: [Group], diagonal: Bool = false) {
    self.title = title
    self.x = x
    self.y = y
    self.groups = groups
    self.diagonal = diagonal
  }

  public func svg() -> String {
    var (xExtent, yExtent) = (Extent(), Extent())
    for point in groups.flatMap(\.points) where point.isDrawable {
      xExtent.include(point.x)
      yExtent.include(point.y)
    }
    let isEmpty = xExtent.range == nil
    xExtent.include(x.range)
    yExtent.include(y.range)
    if diagonal {
      xExtent.include(yExtent.range)
      yExtent.include(xExtent.range)
    }
    let frame = Frame(
      title: title, description: description,
      legend: groups.enumerated().map { Legend.Entry(name: $1.name, key: Dot.key(group: $0)) }, xTitle: x.title,
      xTicks: Ticks(covering: xExtent.range ?? 0...1, count: 5), yTitle: y.title,
      yTicks: Ticks(covering: yExtent.range ?? 0...1, count: 5), plotHeight: isEmpty ? 80 : nil,
      omitted: groups.flatMap(\.points).count { !$0.isDrawable })
    return frame.svg(marks: isEmpty ? "" : marks(in: frame))
  }

  private func marks(in frame: Frame) -> String {
    var result = ""
    if diagonal {
      result += SVG.line("diagonal", x1: frame.left, y1: frame.bottom, x2: frame.right, y2: frame.top) + "\n"
    }
    for (index, group) in groups.enumerated() {
      let dots = group.points.filter(\.isDrawable).map { point in
        Dot.svg(
          x: frame.x(point.x), y: frame.y(point.y), group: index,
          tooltip: "\(point.name): \(SVG.value(point.x)), \(SVG.value(point.y))")
      }
      result += #"<g class="dot \#(Stylesheet.color(index))">\#n\#(dots.joined())</g>"# + "\n"
    }
    return result
  }

  private var description: String {
    let counts = groups.map { "\($0.name) (\($0.points.count) cases)" }
    return "Cases by \(x.title) and \(y.title): \(counts.joined(separator: ", "))."
  }
}

extension ScatterChart.Point {
  fileprivate var isDrawable: Bool { x.isDrawable && y.isDrawable }
}
