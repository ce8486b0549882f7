import Files
import Foundation

/// Reads the pickles that `torch.save` writes.
///
/// A pickle is a program. Only the operations that tensors and plain values need are understood,
/// and nothing is ever called: an unknown class or function is refused by name.
final class Pickle {
  /// A value on the stack or in a container.
  indirect enum Value {
    case none
    case bool(Bool)
    case int(Int)
    case float(Double)
    case string(String)
    case bytes([UInt8])
    case tuple(Tuple)
    case list(List)
    case dictionary(Dictionary)
    /// The name of a class or function.
    case name(String)
    /// A NumPy type by its code, such as f8.
    case numpyType(String)
    case storage(Storage)
    case tensor(Tensor)
    /// A known value that is not used here, such as a device.
    case opaque(String)

    /// The object that holds the items, or `nil` for a plain value.
    fileprivate var container: AnyObject? {
      switch self {
      case .tuple(let tuple): tuple
      case .list(let list): list
      case .dictionary(let dictionary): dictionary
      default: nil
      }
    }

    /// The items of a container, with the keys of a dictionary.
    fileprivate var children: [Value] {
      switch self {
      case .tuple(let tuple): tuple.items
      case .list(let list): list.items
      case .dictionary(let dictionary): dictionary.items.flatMap { [$0.key, $0.value] }
      default: []
      }
    }
  }

  /// A tuple, complete when it is created.
  ///
  /// Containers are objects because a few bytes can refer to the same one many times, and because
  /// lists and dictionaries are filled after they have been memoized.
  final class Tuple {
    let items: [Value]
    /// Levels of nested tuples, this one included.
    let depth: Int

    init(_ items: [Value], depth: Int) {
      self.items = items
      self.depth = depth
    }
  }
  /// A list, filled after it is created.
  final class List {
    var items: [Value] = []
  }
  /// A dictionary, filled after it is created. Its items are in the order of insertion and can repeat a key.
  final class Dictionary {
    var items: [(key: Value, value: Value)] = []
  }

  /// An array in an entry of the archive.
  struct Storage {
    let type: Safetensors.ElementType
    /// The name of the entry in the archive's data folder.
    let key: String
    /// Elements in the storage.
    let count: Int
  }

  /// A strided view of a storage; offset and strides are in elements.
  struct Tensor {
    let storage: Storage
    let offset: Int
    let shape: [Int]
    let strides: [Int]
  }

  /// The value that the pickle describes.
  private(set) var root = Value.none
  private let file: String
  private let bytes: Data
  private var position = 0
  private var stack: [Value] = []
  /// The height of the stack at each open mark.
  private var marks: [Int] = []
  /// Values that the program stored for later reference, by index.
  private var memo: [Int: Value] = [:]
  /// All containers that can be part of a cycle.
  private var lists: [List] = []
  private var dictionaries: [Dictionary] = []

  /// More than any checkpoint needs. Tuples are freed by recursion, so their depth must be bounded.
  private static let maximumTupleDepth = 100
  /// More bytes than the name of any known module or class has.
  private static let maximumNameLength = 200

  /// Reads a pickle.
  ///
  /// - Parameters:
  ///   - bytes: The pickle.
  ///   - file: The path to name in errors.
  /// - Throws: `InputError` when the pickle is cut off, needs anything but tensors and plain
  ///   values, or contains itself.
  init(_ bytes: Data, file: String) throws {
    self.bytes = bytes
    self.file = file
    do {
      try run()
      try checkForCycles()
    } catch {
      clear()
      throw error
    }
  }

  deinit { clear() }

  /// Empties all lists and dictionaries, so that long chains of them are not freed by recursion.
  private func clear() {
    for list in lists { list.items = [] }
    for dictionary in dictionaries { dictionary.items = [] }
  }

  /// The error for a pickle that is not accepted.
  private func refused(_ found: String, advice: String? = nil) -> InputError {
    InputError(file, found: found, expected: "a checkpoint of tensors and plain values", advice: advice)
  }

  // MARK: The stack

  private func byte() throws -> UInt8 {
    guard position < bytes.count else { throw refused("a pickle that is cut off") }
    position += 1
    return bytes[bytes.startIndex + position - 1]
  }

  private func take(_ length: Int) throws -> Data {
    guard length >= 0, length <= bytes.count - position else { throw refused("a pickle that is cut off") }
    position += length
    return bytes.subdata(in: bytes.startIndex + position - length..<bytes.startIndex + position)
  }

  private func number(_ length: Int) throws -> Int {
    try take(length).reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  private func text(_ length: Int) throws -> String {
    guard let text = String(data: try take(length), encoding: .utf8) else { throw refused("text that is not UTF-8") }
    return text
  }

  private func line() throws -> String {
    var line: [UInt8] = []
    while case let next = try byte(), next != UInt8(ascii: "\n") {
      // Names are shown to the user: allow no control characters of a terminal.
      guard line.count < Self.maximumNameLength, 0x21...0x7E ~= next else { throw refused("an unusable name") }
      line.append(next)
    }
    return String(decoding: line, as: UTF8.self)
  }

  private func pop() throws -> Value {
    guard stack.count > marks.last ?? 0, let value = stack.popLast() else {
      throw refused("a pickle that takes more than it has")
    }
    return value
  }

  private func popToMark() throws -> [Value] {
    guard let mark = marks.popLast(), mark <= stack.count else { throw refused("a pickle with a missing mark") }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  private func top() throws -> Value {
    guard let value = stack.last else { throw refused("a pickle that takes more than it has") }
    return value
  }

  private func pushTuple(_ values: [Value]) throws {
    var depth = 1
    for case .tuple(let tuple) in values { depth = max(depth, 1 + tuple.depth) }
    guard depth <= Self.maximumTupleDepth else { throw refused("tuples \(depth) deep") }
    stack.append(.tuple(Tuple(values, depth: depth)))
  }

  private func newDictionary(_ items: [(key: Value, value: Value)] = []) -> Value {
    let dictionary = Dictionary()
    dictionary.items = items
    dictionaries.append(dictionary)
    return .dictionary(dictionary)
  }

  // MARK: The program

  private func run() throws {
    while true {
      let code = try byte()
      switch code {
      case 0x80:  // PROTO
        let version = try byte()
        guard version <= 3 else {
          throw refused("a pickle of protocol \(version)", advice: "Save with the default protocol of torch.save, 2.")
        }
      case UInt8(ascii: "."):
        root = try pop()
        return
      case UInt8(ascii: "("): marks.append(stack.count)
      case UInt8(ascii: "N"): stack.append(.none)
      case 0x88: stack.append(.bool(true))
      case 0x89: stack.append(.bool(false))
      case UInt8(ascii: "J"): stack.append(.int(Int(Int32(truncatingIfNeeded: try number(4)))))
      case UInt8(ascii: "K"): stack.append(.int(try number(1)))
      case UInt8(ascii: "M"): stack.append(.int(try number(2)))
      case 0x8A: stack.append(try long(Int(byte())))
      case UInt8(ascii: "G"):
        let bits = try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        stack.append(.float(Double(bitPattern: bits)))
      case UInt8(ascii: "X"): stack.append(.string(try text(number(4))))
      case UInt8(ascii: "C"), UInt8(ascii: "U"): stack.append(.bytes([UInt8](try take(number(1)))))
      case UInt8(ascii: "B"): stack.append(.bytes([UInt8](try take(number(4)))))
      case UInt8(ascii: ")"): try pushTuple([])
      case UInt8(ascii: "t"): try pushTuple(popToMark())
      case 0x85: try pushTuple([pop()])
      case 0x86: try pushTuple([pop(), pop()].reversed())
      case 0x87: try pushTuple([pop(), pop(), pop()].reversed())
      case UInt8(ascii: "]"):
        let list = List()
        lists.append(list)
        stack.append(.list(list))
      case UInt8(ascii: "}"): stack.append(newDictionary())
      case UInt8(ascii: "a"): try append([pop()])
      case UInt8(ascii: "e"): try append(popToMark())
      case UInt8(ascii: "s"): try set([pop(), pop()].reversed())
      case UInt8(ascii: "u"): try set(popToMark())
      case UInt8(ascii: "q"): memo[try number(1)] = try top()
      case UInt8(ascii: "r"): memo[try number(4)] = try top()
      case UInt8(ascii: "h"): stack.append(try memoized(number(1)))
      case UInt8(ascii: "j"): stack.append(try memoized(number(4)))
      case UInt8(ascii: "c"): stack.append(.name(try checkedName(line() + "." + line())))
      case UInt8(ascii: "Q"): stack.append(.storage(try storage(pop())))
      case UInt8(ascii: "R"):
        let arguments = try pop()
        stack.append(try result(of: pop(), arguments))
      case UInt8(ascii: "b"):
        _ = try pop()
        // The attributes of an ordered dictionary and the details of a NumPy type are not needed.
        switch try top() {
        case .dictionary, .numpyType: break
        default: throw refused("an object with state")
        }
      default: throw refused(String(format: "the pickle operation 0x%02X", code))
      }
    }
  }

  private func long(_ length: Int) throws -> Value {
    guard length <= 8 else { throw refused("a number of \(length) bytes") }
    let digits = try take(length)
    var value = digits.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if let last = digits.last, last >= 0x80, length < 8 { value |= UInt64.max << UInt64(8 * length) }
    return .int(Int(Int64(bitPattern: value)))
  }

  private func memoized(_ index: Int) throws -> Value {
    guard let value = memo[index] else { throw refused("a reference to nothing") }
    return value
  }

  private func append(_ values: [Value]) throws {
    guard case .list(let list) = try top() else {
      throw refused("a pickle that appends to something other than a list")
    }
    list.items += values
  }

  private func set(_ values: [Value]) throws {
    guard case .dictionary(let dictionary) = try top(), values.count % 2 == 0 else {
      throw refused("a pickle that adds to something other than a dictionary")
    }
    for index in stride(from: 0, to: values.count, by: 2) {
      dictionary.items.append((values[index], values[index + 1]))
    }
  }

  // MARK: Names

  private static let storages: [String: Safetensors.ElementType] = [
    "torch.FloatStorage": .float32, "torch.DoubleStorage": .float64, "torch.HalfStorage": .float16,
    "torch.BFloat16Storage": .bfloat16, "torch.LongStorage": .int64, "torch.IntStorage": .int32,
    "torch.ShortStorage": .int16, "torch.CharStorage": .int8, "torch.ByteStorage": .uint8, "torch.BoolStorage": .bool,
  ]
  private static let functions: Set = [
    "collections.OrderedDict", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter", "torch.device",
    "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype", "_codecs.encode",
  ]

  private func checkedName(_ name: String) throws -> String {
    guard Self.functions.contains(name) || Self.storages[name] != nil else {
      throw refused(
        "\(name), which is neither a tensor nor a plain value",
        advice: "Nothing in a checkpoint is executed. Save the weights alone: torch.save(network.state_dict(), file).")
    }
    return name
  }

  /// The storage that a persistent reference names: ("storage", type, key, device, count).
  private func storage(_ value: Value) throws -> Storage {
    guard case .tuple(let tuple) = value, case let parts = tuple.items, parts.count == 5,
      case .string("storage") = parts[0],
      case .name(let name) = parts[1], let type = Self.storages[name], case .string(let key) = parts[2],
      case .int(let count) = parts[4], count >= 0
    else { throw refused("an unusable reference to a storage") }
    return Storage(type: type, key: key, count: count)
  }

  private func result(of function: Value, _ arguments: Value) throws -> Value {
    guard case .name(let name) = function, case .tuple(let tuple) = arguments else {
      throw refused("a call of something that has no name")
    }
    let arguments = tuple.items
    switch name {
    case "collections.OrderedDict":
      guard arguments.isEmpty else { throw refused("an ordered dictionary with arguments") }
      return newDictionary()
    case "torch._utils._rebuild_tensor_v2": return .tensor(try tensor(arguments))
    case "torch._utils._rebuild_parameter":
      guard case .tensor? = arguments.first else { throw refused("a parameter that is not a tensor") }
      return arguments[0]
    case "numpy.dtype":
      guard case .string(let code)? = arguments.first else { throw refused("an unusable NumPy type") }
      return .numpyType(code)
    case "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar": return scalar(arguments)
    case "_codecs.encode":
      guard arguments.count == 2, case .string(let text) = arguments[0], case .string("latin1") = arguments[1],
        text.unicodeScalars.allSatisfy({ $0.value < 256 })
      else { throw refused("bytes in an unusable form") }
      return .bytes(text.unicodeScalars.map { UInt8($0.value) })
    case "torch.device": return .opaque(name)
    default: throw refused("a call of \(name)")
    }
  }

  private func tensor(_ arguments: [Value]) throws -> Tensor {
    func integers(_ value: Value) -> [Int]? {
      guard case .tuple(let tuple) = value else { return nil }
      let integers = tuple.items.compactMap { if case .int(let value) = $0 { value } else { nil } }
      return integers.count == tuple.items.count ? integers : nil
    }
    guard arguments.count >= 4, case .storage(let storage) = arguments[0], case .int(let offset) = arguments[1],
      let shape = integers(arguments[2]), let strides = integers(arguments[3]), shape.count == strides.count
    else { throw refused("an unusable tensor") }
    return Tensor(storage: storage, offset: offset, shape: shape, strides: strides)
  }

  private func scalar(_ arguments: [Value]) -> Value {
    guard arguments.count == 2, case .numpyType(let code) = arguments[0], case .bytes(let bytes) = arguments[1] else {
      return .opaque("a NumPy scalar")
    }
    func read<Number>(_: Number.Type) -> Number? {
      bytes.count == MemoryLayout<Number>.size ? bytes.withUnsafeBytes { $0.loadUnaligned(as: Number.self) } : nil
    }
    switch code {
    case "f8": return read(Double.self).map { .float($0) } ?? .opaque(code)
    case "f4": return read(Float.self).map { .float(Double($0)) } ?? .opaque(code)
    case "i8": return read(Int64.self).map { .int(Int($0)) } ?? .opaque(code)
    case "i4": return read(Int32.self).map { .int(Int($0)) } ?? .opaque(code)
    default: return .opaque("a NumPy scalar of type \(code)")
    }
  }

  // MARK: Cycles

  /// Throws when a list or dictionary contains itself, directly or through other containers.
  ///
  /// Each container is visited once, however many references to it there are.
  private func checkForCycles() throws {
    var open: Set<ObjectIdentifier> = []
    var done: Set<ObjectIdentifier> = []
    // The containers on the way from the root, with the children still to visit.
    var path: [(id: ObjectIdentifier, children: [Value])] = []
    func enter(_ value: Value) throws {
      guard let container = value.container else { return }
      let id = ObjectIdentifier(container)
      guard !open.contains(id) else { throw refused("a list or dictionary that contains itself") }
      guard !done.contains(id) else { return }
      open.insert(id)
      path.append((id, value.children))
    }
    try enter(root)
    while !path.isEmpty {
      if let child = path[path.count - 1].children.popLast() {
        try enter(child)
      } else {
        let closed = path.removeLast().id
        open.remove(closed)
        done.insert(closed)
      }
    }
  }
}
