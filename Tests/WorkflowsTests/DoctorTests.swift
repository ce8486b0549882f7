import Foundation
import Tensors
import TestSupport
import Testing

@testable import Workflows

/// Protects what a report of an error rests on: the doctor finds what is wrong, and nothing where nothing is.
@Suite struct DoctorTests {
  @Test func everythingWorksHere() throws {
    try withTemporaryFolder { folder in
      let checks = Doctor.checks(folder: folder)
      #expect(checks.count == 11)
      for check in checks { #expect(!check.hasFailed, "\(check.name): \(check.result)") }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left.isEmpty)
    }
  }

  /// A path below a file cannot be written, not even by root.
  @Test func aFolderThatCannotBeWritten() throws {
    try withTemporaryFolder { folder in
      try folder.put("", at: "file")
      let checks = FileChecks.all(in: folder.appendingPathComponent("file"))
      #expect(checks.map(\.hasFailed) == [true, true, true, true, true, false])
    }
  }

  /// A 1 × 1 × 1 convolution is a product of numbers that can be checked by hand; so are the borders of a wider one.
  @Test func nestedLoops() {
    let point = ConvolutionShape(
      batch: 2, inputChannels: 1, outputChannels: 1, input: [1, 1, 1], kernel: [1, 1, 1], stride: [1, 1, 1])
    let product = NestedLoops(point, input: [2, 3], weights: [5], bias: [1], gradient: [7, 11])
    #expect(product.output == [11, 16] && product.inputGradient == [35, 55])
    #expect(product.weightGradient == [47] && product.biasGradient == [18])
    let line = ConvolutionShape(
      batch: 1, inputChannels: 1, outputChannels: 1, input: [1, 1, 3], kernel: [1, 1, 3], stride: [1, 1, 2])
    let sums = NestedLoops(line, input: [1, 2, 3], weights: [10, 20, 30], bias: [0], gradient: [1, 1])
    #expect(sums.output == [80, 80] && sums.inputGradient == [20, 40, 20])
    #expect(sums.weightGradient == [2, 4, 2] && sums.biasGradient == [2])
  }

  /// A program that was built for another processor says what is missing, and does not end at the first instruction.
  @Test func instructionsThatAreMissing() {
    let cpuinfo = "processor\t: 0\nmodel name\t: Example 9000: 3 GHz\nflags\t\t: fpu\n\nmodel name\t: Another\n"
    let processor = Processor(cpuinfo: cpuinfo, instructions: ["avx2", "avx512f"], builtFor: "avx2 avx512_bf16 ")
    #expect(processor.model == "Example 9000: 3 GHz")
    #expect(processor.missing == ["avx512_bf16"] && processor.notable == ["avx2", "avx512f"])
    #expect(Processor(cpuinfo: "", instructions: ["avx2"], builtFor: "avx2").missing.isEmpty)
  }

  /// The system's kernel asks the processor too.
  @Test func theInstructionsOfThisMachine() throws {
    let processor = Processor.current
    let line = try #require(SystemFile.text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("flags") })
    let flags = Set(line.split(separator: " ").map(String.init))
    #expect(processor.instructions.isSubset(of: flags))
    for name in ["fma", "avx", "avx2", "bmi1", "bmi2", "avx512f", "avx512bw", "avx512_vnni", "abm"] {
      #expect(processor.instructions.contains(name) == flags.contains(name), "\(name)")
    }
    #expect(processor.model != "unknown" && processor.builtFor.contains("avx2") && processor.missing.isEmpty)
  }
}
