import Files
import Foundation

/// A memory-mapped file written by `torch.save`: a checkpoint of nnU-Net, or the state dictionary
/// of a network.
///
/// Nothing in the file is executed. Tensors and plain values in its pickle are understood; anything
/// else is refused by name.
public final class PyTorchFile {
  /// The file.
  public let url: URL
  private let data: Data
  private let archive: StoredArchive
  /// The folder in the archive that holds all entries, with a slash at the end.
  private let prefix: String
  private let pickle: Pickle

  /// Maps a file and reads its pickle, but not the data of its tensors.
  ///
  /// - Throws: `InputError` when the file cannot be read, is damaged, or holds anything but tensors
  ///   and plain values.
  public init(contentsOf url: URL) throws {
    self.url = url
    guard let data = try? Data(contentsOf: url, options: .alwaysMapped) else {
      throw InputError(url.path, found: "no readable file", expected: "a file written by torch.save")
    }
    guard data.starts(with: [0x50, 0x4B]) else {
      throw InputError(
        url.path, found: "no ZIP archive", expected: "a file written by torch.save of PyTorch 1.6 or later",
        advice: "Load it with PyTorch and save it again.")
    }
    self.data = data
    archive = try StoredArchive(data, file: url.path)
    let names = archive.entries.keys.filter { $0.hasSuffix("/data.pkl") && $0.split(separator: "/").count == 2 }
    guard names.count == 1, let name = names.first, let program = archive.entries[name] else {
      throw InputError(url.path, found: "\(names.count) entries data.pkl", expected: "one, as torch.save writes it")
    }
    prefix = String(name.dropLast("data.pkl".count))
    if let order = archive.entries[prefix + "byteorder"], data.subdata(in: order) != Data("little".utf8) {
      throw InputError(url.path, found: "numbers in another byte order", expected: "little-endian ones")
    }
    pickle = try Pickle(data.subdata(in: program), file: url.path)
  }

  /// The text keys of the dictionary at the top of the file; empty when there is no dictionary.
  public var keys: [String] { items(pickle.root).map(\.key) }

  /// Whether the file is a network's state dictionary: a dictionary whose values are all tensors.
  public var isStateDictionary: Bool {
    let items = items(pickle.root)
    return !items.isEmpty && items.allSatisfy { if case .tensor = $0.value { true } else { false } }
  }

  /// Returns a network's weights: those in a checkpoint of nnU-Net, or the whole file when it is a
  /// state dictionary.
  ///
  /// - Throws: The same errors as ``arrays(_:)``.
  public func networkWeights() throws -> Safetensors { try isStateDictionary ? arrays() : arrays("network_weights") }

  /// Returns the tensors of a dictionary, without copying their data out of the mapped file.
  ///
  /// - Parameter path: The keys that lead to the dictionary; none for the top of the file.
  /// - Throws: `InputError` when there is no such dictionary, or when a tensor is not contiguous in
  ///   its storage.
  public func arrays(_ path: String...) throws -> Safetensors {
    guard let value = value(path), case .dictionary = value else {
      throw InputError(
        url.path, found: "no dictionary \(path.joined(separator: "."))", expected: "one of tensors",
        advice: keys.isEmpty ? nil : "It has \(keys.prefix(8).joined(separator: ", ")).")
    }
    var entries: [String: Safetensors.Entry] = [:]
    for (name, value) in items(value) {
      if case .tensor(let tensor) = value { entries[name] = try entry(tensor, name) }
    }
    return Safetensors(url: url, data: data, entries: entries)
  }

  /// Returns a text by the keys that lead to it, or `nil` when there is none.
  public func string(_ path: String...) -> String? {
    if case .string(let text) = value(path) { text } else { nil }
  }

  /// Returns an integer by the keys that lead to it, or `nil` when there is none.
  public func integer(_ path: String...) -> Int? {
    if case .int(let number) = value(path) { number } else { nil }
  }

  /// Returns a tuple or list of integers by the keys that lead to it, or `nil` when there is none.
  public func integers(_ path: String...) -> [Int]? {
    let values: [Pickle.Value]
    switch value(path) {
    case .tuple(let tuple): values = tuple.items
    case .list(let list): values = list.items
    default: return nil
    }
    let integers = values.compactMap { if case .int(let number) = $0 { number } else { nil } }
    return integers.count == values.count ? integers : nil
  }

  private func value(_ path: [String]) -> Pickle.Value? {
    var value = pickle.root
    for key in path {
      guard let next = items(value).last(where: { $0.key == key }) else { return nil }
      value = next.value
    }
    return value
  }

  /// The items of a dictionary whose key is a text.
  private func items(_ value: Pickle.Value) -> [(key: String, value: Pickle.Value)] {
    guard case .dictionary(let dictionary) = value else { return [] }
    return dictionary.items.compactMap { item in
      if case .string(let key) = item.key { (key, item.value) } else { nil }
    }
  }

  private func entry(_ tensor: Pickle.Tensor, _ name: String) throws -> Safetensors.Entry {
    func refused(_ found: String, _ expected: String, advice: String? = nil) -> InputError {
      InputError(url.path, found: "tensor \(name) with \(found)", expected: expected, advice: advice)
    }
    let storage = tensor.storage
    guard let bytes = archive.entries["\(prefix)data/\(storage.key)"] else {
      throw refused("no storage \(storage.key)", "its data in the archive")
    }
    guard storage.count <= bytes.count / storage.type.size else {
      throw refused(
        "a storage of \(storage.count) elements in \(bytes.count) bytes", "\(storage.type.size) bytes per element")
    }
    var count = 1
    var isOnePiece = true
    for (extent, stride) in zip(tensor.shape, tensor.strides).reversed() {
      guard extent >= 0 else { throw refused("shape \(tensor.shape)", "extents of 0 or more") }
      if extent > 1, stride != count { isOnePiece = false }
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow else { throw refused("shape \(tensor.shape)", "one that fits its storage") }
      count = product
    }
    guard tensor.offset >= 0, count <= storage.count, tensor.offset <= storage.count - count else {
      throw refused(
        "shape \(tensor.shape) at \(tensor.offset) of a storage of \(storage.count) elements",
        "one that fits its storage")
    }
    guard isOnePiece || count == 0 else {
      throw refused(
        "strides \(tensor.strides) for shape \(tensor.shape)", "a tensor in one piece",
        advice: "Save it after .contiguous().")
    }
    let start = bytes.lowerBound + tensor.offset * storage.type.size
    return Safetensors.Entry(type: storage.type, shape: tensor.shape, bytes: start..<start + count * storage.type.size)
  }
}
