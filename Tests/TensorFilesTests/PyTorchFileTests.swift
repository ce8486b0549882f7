import Files
import Foundation
import TestSupport
import Testing

@testable import TensorFiles

/// Protects the reading of files of `torch.save`: values are those PyTorch wrote, and everything wrong with a file is
/// an error that says what. Nothing is executed, decompressed, followed in circles, or read beyond the end.
struct PyTorchFileTests {
  /// A pickle of protocol 2, made from its operations.
  private struct Program {
    var bytes: [UInt8] = [0x80, 2]

    mutating func op(_ text: String) { bytes += Array(text.utf8) }
    mutating func global(_ module: String, _ name: String) { op("c\(module)\n\(name)\n") }
    mutating func text(_ text: String) {
      op("X")
      bytes += withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { Array($0) }
      op(text)
    }
    mutating func int(_ value: Int) {
      op("J")
      bytes += withUnsafeBytes(of: Int32(value).littleEndian) { Array($0) }
    }
    mutating func tuple(_ values: [Int]) {
      op("(")
      for value in values { int(value) }
      op("t")
    }
    /// A tensor of the storage "0", which is stated to have `count` floats.
    mutating func tensor(shape: [Int], strides: [Int], offset: Int = 0, count: Int) {
      global("torch._utils", "_rebuild_tensor_v2")
      op("((")
      text("storage")
      global("torch", "FloatStorage")
      text("0")
      text("cpu")
      int(count)
      op("tQ")
      int(offset)
      tuple(shape)
      tuple(strides)
      bytes.append(0x89)
      op("NtR")
    }
    /// A dictionary with the value that `body` leaves on the stack under the key "a".
    static func dictionary(_ body: (inout Program) -> Void) -> [UInt8] {
      var program = Program()
      program.op("}")
      program.text("a")
      body(&program)
      program.op("s.")
      return program.bytes
    }
  }

  private struct Entry {
    var name: String
    var content: [UInt8]
    var method: UInt16 = 0
    var size: UInt32?
    var offset: UInt32?
  }

  /// A ZIP archive.
  private func zip(_ entries: [Entry]) -> [UInt8] {
    func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
      withUnsafeBytes(of: value.littleEndian) { Array($0) }
    }
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for entry in entries {
      let size = entry.size ?? UInt32(entry.content.count)
      let name = Array(entry.name.utf8)
      let offset = entry.offset ?? UInt32(file.count)
      let common =
        little(UInt16(20)) + little(UInt16(0)) + little(entry.method) + little(UInt32(0)) + little(UInt32(0))
        + little(entry.method == 0 ? size : UInt32(entry.content.count)) + little(size) + little(UInt16(name.count))
        + little(UInt16(0))
      file += little(UInt32(0x0403_4B50)) + common + name + entry.content
      directory +=
        little(UInt32(0x0201_4B50)) + little(UInt16(20)) + common + little(UInt16(0)) + little(UInt16(0))
        + little(UInt16(0)) + little(UInt32(0)) + little(offset) + name
    }
    let start = UInt32(file.count)
    return file + directory + little(UInt32(0x0605_4B50)) + little(UInt32(0)) + little(UInt16(entries.count))
      + little(UInt16(entries.count)) + little(UInt32(directory.count)) + little(start) + little(UInt16(0))
  }

  private func floats(_ values: [Float]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  private func archive(_ pickle: [UInt8], storage: [Float] = [1, 2, 3, 4, 5, 6]) -> [UInt8] {
    zip([Entry(name: "x/data.pkl", content: pickle), Entry(name: "x/data/0", content: floats(storage))])
  }

  private func open<Result>(_ bytes: [UInt8], _ body: (PyTorchFile) throws -> Result) throws -> Result {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a.pth")
      try Data(bytes).write(to: url)
      return try body(PyTorchFile(contentsOf: url))
    }
  }

  /// A tensor can be a contiguous part of its storage.
  @Test func tensors() throws {
    let pickle = Program.dictionary { $0.tensor(shape: [2, 2], strides: [2, 1], offset: 1, count: 6) }
    try open(archive(pickle)) { file in
      #expect(file.keys == ["a"] && file.isStateDictionary)
      let arrays = try file.networkWeights()
      #expect(try arrays.entry("a").shape == [2, 2])
      #expect(try arrays.floats("a") == [2, 3, 4, 5])
      #expect(throws: InputError.self) { try file.arrays("b") }
    }
  }

  /// What nnU-Net's checkpoints hold beside tensors: numbers, strings, tuples, NumPy scalars, a device, and
  /// references to earlier values.
  @Test func plainValues() throws {
    var program = Program()
    program.op("}(")
    program.text("epoch")
    program.int(7)
    program.text("axes")
    program.tuple([0, 2])
    program.op("q\u{1}")
    program.text("again")
    program.op("h\u{1}")
    program.text("device")
    program.global("torch", "device")
    program.text("cpu")
    program.bytes += [0x85]
    program.op("R")
    program.text("score")
    program.global("numpy._core.multiarray", "scalar")
    program.global("numpy", "dtype")
    program.text("f8")
    program.bytes += [0x89, 0x88, 0x87]
    program.op("R(K\u{3}tb")
    program.global("_codecs", "encode")
    program.text("\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{e0}?")
    program.text("latin1")
    program.bytes += [0x86]
    program.op("R")
    program.bytes += [0x86]
    program.op("R")
    program.text("inner")
    program.op("}")
    program.text("name")
    program.text("3d_fullres")
    program.op("su.")
    try open(archive(program.bytes)) { file in
      #expect(file.keys == ["epoch", "axes", "again", "device", "score", "inner"])
      #expect(!file.isStateDictionary)
      #expect(file.integer("epoch") == 7)
      #expect(file.integers("axes") == [0, 2] && file.integers("again") == [0, 2])
      #expect(file.string("inner", "name") == "3d_fullres")
      #expect(file.string("inner", "epoch") == nil && file.string("nowhere", "name") == nil)
    }
  }

  private func refusal(_ bytes: [UInt8]) -> String {
    do {
      _ = try open(bytes) { file in try file.arrays() }
      return "accepted"
    } catch {
      return (error as? InputError).map(\.description) ?? "another error: \(error)"
    }
  }

  /// Calls of unknown functions are refused, with the function's name.
  @Test func callsAreRefusedByName() {
    for (module, name) in [("os", "system"), ("posix", "system"), ("builtins", "eval"), ("torch.hub", "load")] {
      var program = Program()
      program.global(module, name)
      program.text("touch /tmp/harm")
      program.bytes += [0x85]
      program.op("R.")
      #expect(refusal(archive(program.bytes)).contains("\(module).\(name)"))
    }
  }

  /// Names that would control a terminal or fill it are not printed.
  @Test(arguments: ["\u{1B}[31mred", String(repeating: "a", count: 100_000), "blank blank", "nul\u{0}"])
  func invalidNames(name: String) {
    var program = Program()
    program.global("os", name)
    program.op(".")
    #expect(refusal(archive(program.bytes)).contains("an unusable name"))
  }

  /// A list that contains itself through the memo, and a dictionary in a tuple that it contains.
  @Test func circlesAreRefused() {
    let list = Program.dictionary { $0.op("]q\u{1}h\u{1}a") }
    #expect(refusal(archive(list)).contains("contains itself"))
    let dictionary = Program.dictionary { program in
      program.op("}q\u{1}")
      program.text("b")
      program.op("h\u{1}")
      program.bytes += [0x85]
      program.op("s")
    }
    #expect(refusal(archive(dictionary)).contains("contains itself"))
  }

  /// Tuples of references to tuples, which are 2^60 values in a few hundred bytes, are each visited once, also if they
  /// are referred to a hundred thousand times. Nesting as deep as the file is long is refused.
  @Test func smallFilesWithManyValuesCostLittle() {
    let wide = Program.dictionary { program in
      program.op("()q\u{1}")
      for _ in 0..<60 { program.bytes += Array("h\u{1}h\u{1}".utf8) + [0x86] + Array("q\u{1}".utf8) }
      for _ in 0..<100_000 { program.op("h\u{1}") }
      program.op("t")
    }
    #expect(refusal(archive(wide)) == "accepted")
    let deep = Program.dictionary { program in
      program.op(")")
      program.bytes += Array(repeating: 0x85, count: 1_000_000)
    }
    #expect(refusal(archive(deep)).contains("tuples 101 deep"))
    // A long chain of nested lists is not a circle, and is released without recursion.
    let chain = Program.dictionary { program in
      program.bytes += Array(repeating: UInt8(ascii: "]"), count: 500_000)
      program.bytes += Array(repeating: UInt8(ascii: "a"), count: 499_999)
    }
    #expect(refusal(archive(chain)) == "accepted")
  }

  /// Refused are tensors whose shape, offset or stated size exceeds their storage, negative and overflowing extents,
  /// and transposed tensors.
  @Test func tensorsThatDoNotFitAreRefused() {
    func tensor(_ shape: [Int], _ strides: [Int], offset: Int = 0, count: Int = 6) -> String {
      refusal(archive(Program.dictionary { $0.tensor(shape: shape, strides: strides, offset: offset, count: count) }))
    }
    #expect(tensor([2, 3], [3, 1]) == "accepted")
    #expect(tensor([7], [1]).contains("tensor a"))
    #expect(tensor([3], [1], offset: 4).contains("tensor a"))
    #expect(tensor([3], [1], offset: -1).contains("tensor a"))
    #expect(tensor([7], [1], count: 7).contains("a storage of 7 elements in 24 bytes"))
    #expect(tensor([-1, -6], [1, 1]).contains("tensor a"))
    #expect(tensor([1 << 30, 1 << 30, 1 << 30], [1, 1, 1]).contains("tensor a"))
    #expect(tensor([2, 3], [1, 2]).contains(".contiguous()"))
    #expect(tensor([2, 2], [0, 0]).contains(".contiguous()"))
  }

  /// Cut off anywhere, a file is refused, and never read beyond its end.
  @Test func truncatedFilesAreRefused() {
    let whole = archive(Program.dictionary { $0.tensor(shape: [6], strides: [1], count: 6) })
    #expect(refusal(whole) == "accepted")
    for length in 0..<whole.count { #expect(refusal(Array(whole[..<length])) != "accepted") }
    let pickle = Program.dictionary { $0.tensor(shape: [6], strides: [1], count: 6) }
    for length in 0..<pickle.count { #expect(refusal(archive(Array(pickle[..<length]))) != "accepted") }
  }

  /// With any single byte changed, the file gives some tensor or an `InputError`, without a crash.
  @Test func spoiltBytesDoNotCrash() {
    let whole = archive(Program.dictionary { $0.tensor(shape: [6], strides: [1], count: 6) })
    for index in whole.indices {
      for value in [UInt8(0), 0x2E, 0x7F, 0xFF] {
        var spoilt = whole
        spoilt[index] = value
        #expect(!refusal(spoilt).hasPrefix("another error"))
      }
    }
  }

  /// Refused are compressed entries (a zip bomb has gigabytes), entries that overlap, an entry that reaches beyond the
  /// file, and a name that occurs twice.
  @Test func archivesOfAnotherKindAreRefused() {
    let pickle = Program.dictionary { $0.tensor(shape: [1], strides: [1], count: 1) }
    let good = Entry(name: "x/data.pkl", content: pickle)
    let storage = floats([1])
    func with(_ entry: Entry) -> String { refusal(zip([good, entry])) }
    #expect(with(Entry(name: "x/data/0", content: storage)) == "accepted")
    #expect(
      with(Entry(name: "x/data/0", content: storage, method: 8, size: .max - 1)).contains("compressed entry x/data/0"))
    #expect(with(Entry(name: "x/data/0", content: storage, offset: 0)).contains("overlap"))
    #expect(with(Entry(name: "x/data/0", content: storage, size: 1 << 30)).contains("beyond the file"))
    #expect(with(Entry(name: "x/data.pkl", content: pickle)).contains("twice"))
    #expect(with(Entry(name: "y/data.pkl", content: pickle)).contains("2 entries data.pkl"))
    #expect(refusal(zip([Entry(name: "x/data/0", content: storage)])).contains("0 entries data.pkl"))
    #expect(refusal(Array("\u{80}\u{2}}.".utf8)).contains("no ZIP archive"))
    #expect(refusal([]).contains("no ZIP archive"))
    let order = Entry(name: "x/byteorder", content: Array("big".utf8))
    #expect(refusal(zip([good, Entry(name: "x/data/0", content: storage), order])).contains("byte order"))
  }
}
