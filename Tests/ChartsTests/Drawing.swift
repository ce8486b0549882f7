import Foundation
import FoundationXML
import Testing

@testable import Charts

/// A rendered chart as a reader of SVG sees it.
final class Drawing: NSObject, XMLParserDelegate {
  struct Element {
    let name: String
    let attributes: [String: String]
    /// The class of the nearest ancestor that has one.
    let parentClass: String
    var text = ""
    var style: String { attributes["class"] ?? "" }
  }

  private(set) var elements: [Element] = []
  private var open: [Int] = []

  /// Parses a chart, and expects well-formed XML.
  init(_ chart: some Chart) {
    super.init()
    let parser = XMLParser(data: Data(chart.svg().utf8))
    parser.delegate = self
    #expect(parser.parse(), "\(String(describing: parser.parserError)) in line \(parser.lineNumber)")
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    let parent = open.last { elements[$0].attributes["class"] != nil }.map { elements[$0].style } ?? ""
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes, parentClass: parent))
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    if let last = open.last { elements[last].text += text }
  }

  func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
    open.removeLast()
  }

  /// The text of all elements of a name, such as `text` and `title`.
  func texts(_ name: String) -> [String] { elements.filter { $0.name == name }.map(\.text) }

  /// The elements that have a class.
  func styled(_ style: String) -> [Element] {
    elements.filter { $0.style.split(separator: " ").contains(Substring(style)) }
  }

  /// The centers of all dots but those of the legend.
  var dots: [(x: Double, y: Double)] {
    elements.filter { $0.parentClass.hasPrefix("dot ") && !$0.d.hasPrefix("M0 0m") && $0.name == "path" }
      .map { $0.points[0] }
  }

  /// The rectangle that the grid and the axes span.
  var plot: (x: ClosedRange<Double>, y: ClosedRange<Double>) {
    let points = (styled("grid") + styled("axis")).flatMap(\.points)
    let (x, y) = (points.map(\.x).sorted(), points.map(\.y).sorted())
    return (x[0]...x[x.count - 1], y[0]...y[y.count - 1])
  }

  func isInPlot(_ points: [(x: Double, y: Double)]) -> Bool {
    let plot = self.plot
    return points.allSatisfy { plot.x.contains($0.x) && plot.y.contains($0.y) }
  }
}

extension Drawing.Element {
  var d: String { attributes["d"] ?? "" }

  /// The points of a path that are given by M and L.
  var points: [(x: Double, y: Double)] {
    d.split { "ML".contains($0) }.map { part in
      let numbers = part.prefix { !"mz".contains($0) }.split(separator: " ").compactMap { Double($0) }
      return (numbers[0], numbers[1])
    }
  }
}
