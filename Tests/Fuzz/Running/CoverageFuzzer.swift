import Files
import Foundation

/// Has libFuzzer find inputs for a reader. It sees which code an input reaches, and goes on from those that reach more.
///
/// It is there in a program built with `-sanitize=fuzzer`, see CONTRIBUTING.md.
enum CoverageFuzzer {
  private typealias Target = @convention(c) (UnsafePointer<UInt8>, Int) -> Int32
  private typealias Driver =
    @convention(c) (
      UnsafeMutablePointer<Int32>, UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>, Target
    ) -> Int32

  /// The reader that the target, a function of C, calls.
  nonisolated(unsafe) private static var reader: Reader?

  /// Reads inputs for some seconds, or until a finding, which ends the process.
  ///
  /// - Parameters:
  ///   - reader: The reader.
  ///   - seconds: How long to read.
  ///   - bench: Where to keep the inputs from which libFuzzer goes on.
  ///   - output: The folder for the bytes of a finding.
  /// - Throws: `InputError` when the program was built without libFuzzer.
  static func run(_ reader: Reader, seconds: Int, _ bench: Workbench, output: URL) throws {
    guard let symbol = dlsym(nil, "LLVMFuzzerRunDriver") else {
      throw InputError("--coverage", found: "a program without libFuzzer", expected: "one built with -sanitize=fuzzer")
    }
    self.reader = reader
    let corpus = try bench.subfolder("corpus")
    for (number, seed) in reader.seeds.enumerated() { try corpus.put(seed, "seed-\(number)") }
    try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    let arguments = [
      "fuzz", corpus.folder.path, "-max_total_time=\(seconds)", "-timeout=1", "-rss_limit_mb=1024", "-max_len=16384",
      "-artifact_prefix=\(output.path)/\(reader.name)-", "-print_final_stats=1",
    ]
    var count = Int32(arguments.count)
    let strings = arguments.map { strdup($0) } + [nil]
    strings.withUnsafeBufferPointer { strings in
      guard let base = UnsafeMutablePointer(mutating: strings.baseAddress) else { return }
      var pointer = base
      _ = unsafeBitCast(symbol, to: Driver.self)(&count, &pointer) { readForLibFuzzer($0, $1) }
    }
  }

  fileprivate static func read(_ bytes: [UInt8]) {
    if case .failed(let message) = reader?.outcome(bytes) { fatalError(message) }
  }
}

/// What libFuzzer calls, by the name under which its own `main` looks for it.
@_cdecl("LLVMFuzzerTestOneInput")
public func readForLibFuzzer(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
  CoverageFuzzer.read(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}
