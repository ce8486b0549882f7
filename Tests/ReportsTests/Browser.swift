import Foundation

/// Chromium without a window, where it is installed.
enum Browser {
  static let program = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].first {
    FileManager.default.isExecutableFile(atPath: $0)
  }

  /// The reason given by tests that are skipped because there is no browser.
  static let absence = "no Chromium (Debian's package chromium)"

  /// Opens a page, runs a script in it, and returns what the script returns and what the console says.
  ///
  /// - Parameters:
  ///   - html: The page.
  ///   - width: The width of the window in pixels.
  ///   - script: The body of a JavaScript function that returns a string.
  ///   - folder: Where the browser may write.
  static func run(_ html: String, width: Int, script: String, in folder: URL) throws -> (
    result: String, console: [String]
  ) {
    let page = folder.appendingPathComponent("page.html")
    let probe = "<script>document.documentElement.dataset.result = encodeURIComponent((() => { \(script) })())</script>"
    try Data(html.replacing("</body>", with: probe + "</body>").utf8).write(to: page)
    let files = ["dom", "log"].map { folder.appendingPathComponent($0) }
    for file in files { try Data().write(to: file) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program ?? "")
    process.arguments = [
      "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--window-size=\(width),900",
      "--user-data-dir=\(folder.appendingPathComponent("profile").path)", "--dump-dom", page.absoluteString,
    ]
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    process.waitUntilExit()
    let texts = try files.map { String(decoding: try Data(contentsOf: $0), as: UTF8.self) }
    let result = texts[0].firstMatch(of: /data-result="([^"]*)"/)?.1
    return (
      result.flatMap { String($0).removingPercentEncoding } ?? "",
      texts[1].split(separator: "\n").map(String.init).filter { $0.contains("CONSOLE") }
    )
  }
}
