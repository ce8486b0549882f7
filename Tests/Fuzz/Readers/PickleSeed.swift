/// Pickles as `torch.save` writes them, made operation by operation.
struct PickleSeed {
  private var bytes: [UInt8] = [0x80, 2]

  /// A state dictionary, and a checkpoint of nnU-Net with tensors of every type.
  static let all: [[UInt8]] = [stateDictionary, checkpoint]

  private static var stateDictionary: [UInt8] {
    var pickle = PickleSeed()
    pickle.global("collections", "OrderedDict")
    pickle.op(")R(")
    pickle.text("encoder.stages.0.0.convs.0.conv.weight")
    pickle.tensor("FloatStorage", key: "0", count: 12, shape: [2, 1, 1, 2, 3], strides: [6, 6, 6, 3, 1])
    pickle.text("decoder.seg_layers.0.bias")
    pickle.tensor("FloatStorage", key: "0", count: 12, shape: [2], strides: [1], offset: 4)
    pickle.op("u}")
    pickle.text("_metadata")
    pickle.op("}sb.")
    return pickle.bytes
  }

  private static var checkpoint: [UInt8] {
    let types = ["Double", "Half", "BFloat16", "Long", "Int", "Short", "Char", "Byte", "Bool"]
    var pickle = PickleSeed()
    pickle.op("}q\u{0}(")
    pickle.text("network_weights")
    pickle.op("}(")
    for (number, type) in types.enumerated() {
      pickle.text("tensor\(number)")
      pickle.tensor("\(type)Storage", key: "0", count: 2, shape: [2], strides: [1])
    }
    pickle.op("u")
    pickle.text("current_epoch")
    pickle.op("K\u{7}")
    pickle.text("trainer_name")
    pickle.text("nnUNetTrainer")
    pickle.text("inference_allowed_mirroring_axes")
    pickle.op("K\u{0}K\u{1}K\u{2}")
    pickle.bytes += [0x87]
    pickle.op("q\u{1}")
    pickle.text("init_args")
    pickle.op("}")
    pickle.text("configuration")
    pickle.text("3d_fullres")
    pickle.op("s")
    pickle.text("logging")
    pickle.op("](h\u{1}NG\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}e")
    pickle.text("big")
    pickle.bytes += [0x8A, 5, 1, 2, 3, 4, 0x85]
    pickle.text("score")
    pickle.global("numpy._core.multiarray", "scalar")
    pickle.global("numpy", "dtype")
    pickle.text("f8")
    pickle.bytes += [0x89, 0x88, 0x87]
    pickle.op("R(K\u{3}tb")
    pickle.global("_codecs", "encode")
    pickle.text("\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{e0}?")
    pickle.text("latin1")
    pickle.bytes += [0x86]
    pickle.op("R")
    pickle.bytes += [0x86]
    pickle.op("Ru.")
    return pickle.bytes
  }

  private mutating func op(_ text: String) { bytes += Array(text.utf8) }

  private mutating func global(_ module: String, _ name: String) { op("c\(module)\n\(name)\n") }

  private mutating func text(_ text: String) {
    op("X")
    bytes += withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { Array($0) }
    op(text)
  }

  private mutating func tuple(_ values: [Int]) {
    op("(")
    for value in values { bytes += [UInt8(ascii: "K"), UInt8(value)] }
    op("t")
  }

  private mutating func tensor(
    _ type: String, key: String, count: Int, shape: [Int], strides: [Int], offset: Int = 0
  ) {
    global("torch._utils", "_rebuild_tensor_v2")
    op("((")
    text("storage")
    global("torch", type)
    text(key)
    text("cpu")
    bytes += [UInt8(ascii: "K"), UInt8(count)]
    op("tQ")
    bytes += [UInt8(ascii: "K"), UInt8(offset)]
    tuple(shape)
    tuple(strides)
    bytes.append(0x89)
    op("NtR")
  }
}
