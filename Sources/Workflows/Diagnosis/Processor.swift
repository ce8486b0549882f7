import Foundation
import Tensors

/// The processor: what it is called, what it can do, and what the program was built for.
///
/// This room is compiled without the processor's vector instructions, so that it can say which of them are missing.
public struct Processor: Sendable {
  /// The name that the processor gives itself.
  public let model: String
  /// The instructions that it has, by their names in `/proc/cpuinfo`; `nil` where the system does not tell.
  public let instructions: Set<String>?
  /// The instructions that the program was built for.
  public let builtFor: [String]

  /// This machine's processor.
  public static let current: Processor = {
    // The first of the cores is enough; asking hundreds of them takes time.
    let beginning = try? FileHandle(forReadingAtPath: "/proc/cpuinfo")?.read(upToCount: 8192)
    return Processor(
      cpuinfo: String(decoding: beginning ?? Data(), as: UTF8.self),
      builtFor: String(cString: NumericLibraries.builtFor()))
  }()

  /// - Parameters:
  ///   - cpuinfo: The text of `/proc/cpuinfo`.
  ///   - builtFor: Names of instructions with blanks between them.
  init(cpuinfo: String, builtFor: String) {
    func value(_ key: String) -> Substring? {
      cpuinfo.split(separator: "\n").first { $0.hasPrefix(key) }?.split(separator: ":", maxSplits: 1).last
    }
    model = value("model name").map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    instructions = value("flags").map { Set($0.split(separator: " ").map(String.init)) }
    self.builtFor = builtFor.split(separator: " ").map(String.init)
  }

  /// The instructions that the program was built for and this processor lacks: it would end at the first of them.
  public var missing: [String] { instructions.map { has in builtFor.filter { !has.contains($0) } } ?? [] }

  /// Those of its instructions that make convolutions fast.
  var notable: [String] {
    ["avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16"].filter {
      instructions?.contains($0) ?? false
    }
  }
}
