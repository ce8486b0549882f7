/// Archives as `torch.save` writes them.
enum ZIPSeed {
  /// An archive of a pickle and one storage.
  ///
  /// - Parameter wide: Whether sizes and offsets are in the 64-bit extension.
  static func archive(pickle: [UInt8], wide: Bool = false) -> [UInt8] {
    let entries = [("x/data.pkl", pickle), ("x/byteorder", Array("little".utf8)), ("x/data/0", (0..<48).map { $0 })]
    var file: [UInt8] = []
    var directory: [UInt8] = []
    for (name, content) in entries {
      let (offset, size) = (file.count, UInt32(content.count))
      let extra: [UInt8] =
        wide
        ? little(UInt16(1)) + little(UInt16(24)) + little(UInt64(size)) + little(UInt64(size))
          + little(UInt64(offset)) : []
      func sizes(_ size: UInt32) -> [UInt8] { little(size) + little(size) }
      let start = little(UInt16(20)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt32(0)) + little(UInt32(0))
      let nameLength = little(UInt16(name.utf8.count))
      file += little(UInt32(0x0403_4B50)) + start + sizes(size) + nameLength + little(UInt16(0)) + name.utf8 + content
      directory +=
        little(UInt32(0x0201_4B50)) + little(UInt16(20)) + start + sizes(wide ? .max : size) + nameLength
        + little(UInt16(extra.count)) + Array(repeating: 0, count: 10)
        + little(wide ? UInt32.max : UInt32(offset)) + name.utf8 + extra
    }
    let start = file.count
    file += directory
    if wide {
      let record = file.count
      file += little(UInt32(0x0606_4B50)) + little(UInt64(44)) + little(UInt32(45)) + little(UInt64(0))
      file += little(UInt64(entries.count)) + little(UInt64(entries.count)) + little(UInt64(directory.count))
      file += little(UInt64(start))
      file += little(UInt32(0x0706_4B50)) + little(UInt32(0)) + little(UInt64(record)) + little(UInt32(1))
    }
    let count = UInt16(wide ? 0xFFFF : entries.count)
    return file + little(UInt32(0x0605_4B50)) + little(UInt32(0)) + little(count) + little(count)
      + little(UInt32(directory.count)) + little(wide ? UInt32.max : UInt32(start)) + little(UInt16(0))
  }

  private static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
}
