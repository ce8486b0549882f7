import CProcessor
import Foundation
import Tensors

/// The processor: what it is called, what it can do, and what the program was built for.
///
/// This room is compiled without the processor's vector instructions, so that it can say which of them are missing.
public struct Processor: Sendable {
  /// The name that the processor gives itself.
  public let model: String
  /// The instructions that it has, by their names in `/proc/cpuinfo`.
  public let instructions: Set<String>
  /// The instructions that the program was built for.
  public let builtFor: [String]

  /// This machine's processor.
  public static let current: Processor = {
    // The first of the cores is enough; asking hundreds of them takes time.
    let beginning = try? FileHandle(forReadingAtPath: "/proc/cpuinfo")?.read(upToCount: 8192)
    return Processor(
      cpuinfo: String(decoding: beginning ?? Data(), as: UTF8.self), instructions: Instruction.present,
      builtFor: String(cString: NumericLibraries.builtFor()))
  }()

  /// - Parameters:
  ///   - cpuinfo: The text of `/proc/cpuinfo`.
  ///   - instructions: What the processor has.
  ///   - builtFor: Names of instructions with blanks between them.
  init(cpuinfo: String, instructions: Set<String>, builtFor: String) {
    let name = cpuinfo.split(separator: "\n").first { $0.hasPrefix("model name") }?.split(separator: ":", maxSplits: 1)
    model = name?.last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    self.instructions = instructions
    self.builtFor = builtFor.split(separator: " ").map(String.init)
  }

  /// The instructions that the program was built for and this processor lacks: it would end at the first of them.
  public var missing: [String] { builtFor.filter { !instructions.contains($0) } }

  /// Those of its instructions that make convolutions fast.
  var notable: [String] {
    ["avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile", "amx_bf16"].filter(
      instructions.contains)
  }
}

/// A set of instructions, and where the processor says that it has them.
///
/// The compiler asks the processor too. `/proc/cpuinfo` may not name what is newer than the system's kernel.
private struct Instruction {
  let name: String
  /// The leaf, the subleaf, the register (EAX, EBX, ECX, EDX) and the bit of CPUID.
  let leaf, subleaf: UInt32
  let register: Int32
  let bit: UInt32

  init(_ name: String, _ leaf: UInt32, _ register: Int32, _ bit: UInt32, subleaf: UInt32 = 0) {
    (self.name, self.leaf, self.subleaf, self.register, self.bit) = (name, leaf, subleaf, register, bit)
  }

  private static let all = [
    Instruction("fma", 1, 2, 12), Instruction("movbe", 1, 2, 22), Instruction("avx", 1, 2, 28),
    Instruction("f16c", 1, 2, 29), Instruction("bmi1", 7, 1, 3), Instruction("avx2", 7, 1, 5),
    Instruction("bmi2", 7, 1, 8), Instruction("avx512f", 7, 1, 16), Instruction("avx512dq", 7, 1, 17),
    Instruction("avx512ifma", 7, 1, 21), Instruction("avx512cd", 7, 1, 28), Instruction("avx512bw", 7, 1, 30),
    Instruction("avx512vl", 7, 1, 31), Instruction("avx512vbmi", 7, 2, 1), Instruction("avx512_vbmi2", 7, 2, 6),
    Instruction("avx512_vnni", 7, 2, 11), Instruction("avx512_bitalg", 7, 2, 12),
    Instruction("avx512_vpopcntdq", 7, 2, 14), Instruction("amx_bf16", 7, 3, 22), Instruction("avx512_fp16", 7, 3, 23),
    Instruction("amx_tile", 7, 3, 24), Instruction("avx_vnni", 7, 0, 4, subleaf: 1),
    Instruction("avx512_bf16", 7, 0, 5, subleaf: 1),
    Instruction("abm", 0x8000_0001, 2, 5),
  ]

  /// The names of those that the processor has and the system lets programs use.
  static var present: Set<String> {
    let saved = processor_saved_registers()
    return Set(all.filter { $0.isThere && saved & $0.registers == $0.registers }.map(\.name))
  }

  private var isThere: Bool { processor_identification(leaf, subleaf, register) >> bit & 1 == 1 }

  /// The bits of XCR0 for the registers that the instructions use.
  private var registers: UInt64 {
    if name.hasPrefix("amx") { return 0x60000 }
    if name.hasPrefix("avx512") { return 0xe6 }
    return ["avx", "avx2", "fma", "f16c", "avx_vnni"].contains(name) ? 0x6 : 0
  }
}
