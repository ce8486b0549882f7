import Foundation
import Testing

@testable import Charts

/// Protects what all charts promise: sound XML, marks where the axes say, and words for what is missing.
@Suite struct ChartTests {
  /// Values with everything a file of results may contain.
  static let values = [0.91, 0.2, .nan, 1, 0, .infinity, 0.91, 0.910001, -1e200, 0.5]
  static let name = #"a <b> & "c" 'd' ]]> ä 🧠"#

  static var line: LineChart {
    let points = values.enumerated().map { LineChart.Point(Double($0), $1, low: $1 - 0.1, high: $1 + 0.3) }
    let wide = [
      LineChart.Point(3, 1, low: .nan, high: 2), LineChart.Point(20, 7), LineChart.Point(21, 7, low: 9, high: 1),
    ]
    return LineChart(name, x: Axis("epoch"), y: Axis("loss"), series: [.init(name, points), .init("two", wide)])
  }

  static var scatter: ScatterChart {
    let points = values.enumerated().map { ScatterChart.Point("case \($0)", x: $1, y: 3 * $1) }
    return ScatterChart(
      name, x: Axis("A"), y: Axis("B"), groups: [.init("none", []), .init(name, points)], diagonal: true)
  }

  static var strip: StripChart {
    let dots = values.enumerated().map { StripChart.Dot("case \($0)", $1) }
    let crowd = (0..<300).map { StripChart.Dot("crowd \($0)", 0.8) }
    return StripChart(
      name, value: Axis("Dice"),
      strips: [
        .init(category: "one", group: "x", dots: dots, median: 0.91),
        .init(category: name, group: "y", dots: crowd, median: .nan),
        .init(category: "one", group: "y", dots: dots, median: 4),
      ])
  }

  static var all: [any Chart] { [line, scatter, strip] }
  static var empty: [any Chart] {
    [
      LineChart("nothing", x: Axis("x"), y: Axis("y"), series: []),
      LineChart("nothing", x: Axis("x"), y: Axis("y"), series: [.init("one", [.init(1, .nan), .init(.infinity, 1)])]),
      ScatterChart("nothing", x: Axis("x"), y: Axis("y"), groups: [.init("one", [])], diagonal: true),
      ScatterChart("nothing", x: Axis("x", range: 0...1), y: Axis("y"), groups: []),
      StripChart("nothing", value: Axis("x"), strips: []),
      StripChart("nothing", value: Axis("x"), strips: [.init(category: "c", group: "g", dots: [.init("case", .nan)])]),
    ]
  }

  @Test(arguments: all + empty) func chartsAreOneImageWithAName(chart: any Chart) {
    let drawing = Drawing(chart)
    #expect(drawing.elements[0].name == "svg")
    #expect(drawing.elements[0].attributes["role"] == "img")
    #expect(drawing.elements[0].attributes["width"] == nil)
    #expect(drawing.texts("title")[0] == chart.title)
    #expect(drawing.texts("desc").count == 1)
    // Charts in one page share their style sheet and have nothing else in common.
    #expect(drawing.texts("style") == [Stylesheet.css])
    #expect(drawing.elements.allSatisfy { $0.attributes["id"] == nil })
    #expect(!drawing.texts("style")[0].contains { "<>&".contains($0) })
  }

  @Test(arguments: all) func sameChartSameText(chart: any Chart) { #expect(chart.svg() == chart.svg()) }

  @Test(arguments: empty) func emptyChartsSaySo(chart: any Chart) {
    let drawing = Drawing(chart)
    #expect(drawing.texts("text").contains("no data"))
    #expect(drawing.styled("grid").isEmpty && drawing.styled("line").isEmpty && drawing.dots.isEmpty)
  }

  @Test(arguments: all) func marksAreInsideThePlot(chart: any Chart) {
    let drawing = Drawing(chart)
    let marks = ["line", "band", "median", "diagonal"].flatMap(drawing.styled).filter {
      !$0.d.hasPrefix("M-9") && !$0.d.hasPrefix("M0-7")
    }
    #expect(!(marks.isEmpty && drawing.dots.isEmpty))
    #expect(drawing.isInPlot(marks.flatMap(\.points)))
    #expect(drawing.isInPlot(drawing.dots))
    let box = drawing.elements[0].attributes["viewBox"]?.split(separator: " ").compactMap { Double($0) } ?? []
    #expect(drawing.plot.x.lowerBound >= 12 && drawing.plot.x.upperBound <= box[2] - 12)
    #expect(drawing.plot.y.lowerBound >= 30 && drawing.plot.y.upperBound <= box[3] - 40)
  }

  @Test(arguments: all + empty) func textIsInsideTheDrawing(chart: any Chart) {
    for text in Drawing(chart).elements where text.name == "text" && text.attributes["transform"] == nil {
      let (x, width) = (Double(text.attributes["x"] ?? "") ?? .nan, Lettering.width(text.text, size: 12))
      let shift = ["start": 0, "middle": 0.5, "end": 1][text.attributes["text-anchor"] ?? ""] ?? .nan
      #expect(x - shift * width >= -0.1 && x + (1 - shift) * width <= Frame.width + 0.1, "\(text.text)")
    }
  }

  @Test func valuesThatAreNotFiniteAreCounted() {
    // NaN, infinity and -1e200.
    #expect(Drawing(Self.line).texts("text").contains("3 values are not finite and not shown"))
    #expect(Drawing(Self.scatter).texts("text").contains("3 values are not finite and not shown"))
    #expect(Drawing(Self.strip).texts("text").contains("6 values are not finite and not shown"))
    let whole = ScatterChart("t", x: Axis("x"), y: Axis("y"), groups: [.init("g", [.init("case", x: 1, y: 1)])])
    #expect(!whole.svg().contains("not finite"))
  }

  @Test func linesBreakWhereValuesAreMissing() {
    let drawing = Drawing(Self.line)
    let lines = drawing.styled("line").filter { $0.style == "line c1" && !$0.d.hasPrefix("M-9") }
    // 0.91 and 0.2; 1 and 0; 0.91 and 0.910001; 0.5, a dot of a line.
    #expect(lines.map(\.points.count) == [2, 2, 2, 2])
    #expect(lines[3].points[0] == lines[3].points[1])
    #expect(drawing.styled("band").map(\.style) == ["band c1", "band c1", "band c1"])
  }

  /// Coordinates follow from the data: the middle of the data is in the middle of the plot.
  @Test func positionsAreLinear() {
    let points = [(0.0, 0.0), (10, 1), (5, 0.5), (10, 0)].map { ScatterChart.Point("p", x: $0.0, y: $0.1) }
    let drawing = Drawing(ScatterChart("t", x: Axis("x"), y: Axis("y"), groups: [.init("g", points)]))
    let (plot, dots) = (drawing.plot, drawing.dots)
    #expect(dots[0] == (plot.x.lowerBound, plot.y.upperBound))
    #expect(dots[1] == (plot.x.upperBound, plot.y.lowerBound))
    #expect(abs(dots[2].x - (dots[0].x + dots[1].x) / 2) <= 0.1 && abs(dots[2].y - (dots[0].y + dots[1].y) / 2) <= 0.1)
    #expect(dots[3] == (plot.x.upperBound, plot.y.upperBound))
  }

  /// With a diagonal, a point with equal values lies on it whatever the ranges are.
  @Test func equalValuesAreOnTheDiagonal() {
    let points = [(0.2, 30.0), (12.5, 12.5)].map { ScatterChart.Point("p", x: $0.0, y: $0.1) }
    let drawing = Drawing(ScatterChart("t", x: Axis("x"), y: Axis("y"), groups: [.init("g", points)], diagonal: true))
    let (line, dot) = (drawing.styled("diagonal")[0].points, drawing.dots[1])
    let share = (dot.x - line[0].x) / (line[1].x - line[0].x)
    #expect(abs(dot.y - (line[0].y + share * (line[1].y - line[0].y))) <= 0.2)
  }

  @Test func dotsOfAStripDoNotHideEachOther() {
    let dots = (0..<4).map { StripChart.Dot("case \($0)", 0.5) }
    let drawing = Drawing(StripChart("t", value: Axis("v"), strips: [.init(category: "", group: "", dots: dots)]))
    #expect(Set(drawing.dots.map(\.y)).count == 4)
    #expect(Set(drawing.dots.map(\.x)).count == 1)
    // However many there are, a strip stays as high as it is.
    let crowd = Drawing(Self.strip).dots.map(\.y).sorted()
    #expect(crowd.count == 2 * 7 + 300)
  }

  @Test func tooltipsNameTheCase() {
    #expect(Drawing(Self.scatter).texts("title").contains("case 0: 0.91, 2.73"))
    #expect(Drawing(Self.strip).texts("title").contains("case 7: 0.91"))
  }

  @Test func colorsFollowTheOrderOfGroups() {
    let drawing = Drawing(Self.scatter)
    #expect(drawing.styled("dot").map(\.style) == ["dot c1", "dot c2", "dot c1", "dot c2"])
    let series = [
      LineChart.Series("a", [.init(0, 0)], color: 3), .init("b", [.init(0, 1)]), .init("c", [.init(1, 1)], color: 9),
    ]
    let lines = Drawing(LineChart("t", x: Axis("x"), y: Axis("y"), series: series)).styled("line").map(\.style)
    #expect(Set(lines) == ["line c4", "line c2", "line c2 dashed"])
    // Strip three is drawn with the category of strip one, in the color of its group.
    #expect(Drawing(Self.strip).styled("dot").map(\.style) == ["dot c1", "dot c2", "dot c1", "dot c2", "dot c2"])
  }

  @Test func axesCoverTheirRange() {
    let points = [LineChart.Point(0, 0.4), LineChart.Point(1, 0.5)]
    let y = Axis("Dice", range: 0...1)
    let labels = Drawing(LineChart("t", x: Axis("x"), y: y, series: [.init("s", points)])).texts("text")
    #expect(labels.contains("1.0") && labels.contains("0.2"))
  }

  @Test func escaping() {
    #expect(SVG.escaped(#"<a b="c">&'</a>"#) == "&lt;a b=&quot;c&quot;&gt;&amp;&#39;&lt;/a&gt;")
    #expect(SVG.escaped("a\u{0}\u{1B}\nb\u{FFFF}") == "a\u{FFFD}\u{FFFD} b\u{FFFD}")
    let names = ["<script>alert(1)</script>", "a\u{8}b", "\u{1F}"]
    for name in names {
      let drawing = Drawing(
        ScatterChart(name, x: Axis(name), y: Axis(name), groups: [.init(name, [.init(name, x: 1, y: 2)])]))
      #expect(!drawing.elements.contains { $0.name == "script" })
      #expect(drawing.styled("dot").count == 2)
    }
  }

  @Test func numbers() {
    #expect(
      [0, 0.04, -0.04, 1, -1.25, 12.34, 99.96, -0.5].map(SVG.number) == [
        "0", "0", "0", "1", "-1.3", "12.3", "100", "-0.5",
      ])
    #expect([0.91234567, 0, 1, 12345.6].map(SVG.value) == ["0.9123", "0", "1", "1.235e+04"])
  }

  @Test func longNamesAreCut() {
    let name = String(repeating: "long ", count: 40)
    let drawing = Drawing(
      LineChart(name, x: Axis(name), y: Axis(name), series: [.init(name, [.init(0, 0)]), .init("b", [.init(1, 1)])]))
    #expect(drawing.texts("text").allSatisfy { Lettering.width($0) <= Frame.width })
    #expect(drawing.texts("text").filter { $0.hasSuffix("…") }.count == 4)
    #expect(drawing.texts("title")[0] == name)
  }
}
