/// The values of all cases in one strip for each category and group, such as the Dice by label and group.
public struct StripChart: Chart, Equatable {
  /// One case.
  public struct Dot: Equatable, Sendable {
    /// The name of the case.
    public var name: String
    /// Its value.
    public var value: Double

    /// Creates a dot.
    public init(_ name: String, _ value: Double) {
      self.name = name
      self.value = value
    }
  }

  /// The cases of one group in one category.
  public struct Strip: Equatable, Sendable {
    /// The category, a heading above its strips.
    public var category: String
    /// The group, which has the same color in every category; an empty name is not in the legend.
    public var group: String
    /// The cases.
    public var dots: [Dot]
    /// The median, which a line marks. Charts draw statistics and compute none.
    public var median: Double?

    /// Creates a strip.
    public init(category: String, group: String, dots: [Dot], median: Double? = nil) {
      self.category = category
      self.group = group
      self.dots = dots
      self.median = median
    }
  }

  public var title: String
  /// The axis of the values, which is horizontal.
  public var value: Axis
  /// The strips. Categories and groups are in the order in which they first appear.
  public var strips: [Strip]

  /// Creates a chart.
  public init(_ title: String, value: Axis, strips: [Strip]) {
    self.title = title
    self.value = value
    self.strips = strips
  }

  public func svg() -> String {
    var extent = Extent()
    for dot in strips.flatMap(\.dots) where dot.value.isDrawable { extent.include(dot.value) }
    let isEmpty = extent.range == nil
    extent.include(value.range)
    for median in medians { extent.include(median) }
    let groups = strips.map(\.group).unique
    var legend = groups.enumerated().map { Legend.Entry(name: $1, key: Charts.Dot.key(group: $0)) }
    if !medians.isEmpty { legend.append(Legend.Entry(name: "median", key: #"<path class="median" d="M0-7V7"/>"#)) }
    let rows = Rows(strips)
    let frame = Frame(
      title: title, description: description, legend: legend, xTitle: value.title,
      xTicks: Ticks(covering: extent.range ?? 0...1, count: 6), yTitle: "", yTicks: nil,
      plotHeight: isEmpty ? 80 : rows.height, omitted: strips.flatMap(\.dots).count { !$0.value.isDrawable })
    return frame.svg(marks: isEmpty ? "" : marks(rows, groups: groups, in: frame))
  }

  private var medians: [Double] { strips.compactMap(\.median).filter(\.isDrawable) }

  private func marks(_ rows: Rows, groups: [String], in frame: Frame) -> String {
    var result = ""
    for heading in rows.headings {
      let name = Lettering.fitted(heading.category, width: frame.right - frame.left)
      result += SVG.text(name, "category", x: frame.left, y: frame.top + heading.y) + "\n"
    }
    for (strip, center) in zip(rows.strips, rows.centers) {
      let group = groups.firstIndex(of: strip.group) ?? 0
      let y = frame.top + center
      let dots = strip.dots.filter(\.value.isDrawable)
      let positions = dots.map { frame.x($0.value) }
      let svg = zip(dots, zip(positions, Swarm.offsets(positions, limit: Rows.stripHeight / 2 - Charts.Dot.radius))).map
      {
        Charts.Dot.svg(x: $1.0, y: y + $1.1, group: group, tooltip: "\($0.name): \(SVG.value($0.value))")
      }
      result += #"<g class="dot \#(Stylesheet.color(group))">\#n\#(svg.joined())</g>"# + "\n"
      if let median = strip.median, median.isDrawable {
        let (x, reach) = (frame.x(median), Rows.stripHeight / 2 - 1)
        result += SVG.line("median", x1: x, y1: y - reach, x2: x, y2: y + reach) + "\n"
      }
    }
    return result
  }

  private var description: String {
    let counts = strips.map { strip in
      [strip.category, strip.group].filter { !$0.isEmpty }.joined(separator: ", ") + " (\(strip.dots.count) cases)"
    }
    return "\(value.title) of each case: \(counts.joined(separator: "; "))."
  }
}

/// Where the strips of a chart are, from the top of its plot area.
private struct Rows {
  static let stripHeight = 26.0
  private static let headingHeight = 20.0

  private(set) var headings: [(category: String, y: Double)] = []
  /// The strips, category by category.
  private(set) var strips: [StripChart.Strip] = []
  private(set) var centers: [Double] = []
  private(set) var height = 4.0

  init(_ all: [StripChart.Strip]) {
    for category in all.map(\.category).unique {
      if !category.isEmpty {
        headings.append((category, height + 14))
        height += Self.headingHeight
      }
      for strip in all where strip.category == category {
        strips.append(strip)
        centers.append(height + Self.stripHeight / 2)
        height += Self.stripHeight
      }
      height += 4
    }
  }
}

extension [String] {
  /// The strings without repetitions, in the order in which they first appear.
  fileprivate var unique: [String] {
    var seen: Set<String> = []
    return filter { seen.insert($0).inserted }
  }
}
