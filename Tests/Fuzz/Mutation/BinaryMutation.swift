/// Changes of bytes whose meaning is not known.
enum BinaryMutation {
  private static let bytes: [UInt8] = [0, 1, 2, 7, 8, 16, 31, 32, 64, 127, 128, 129, 254, 255]

  /// Numbers at the edges of the integer types, of sizes, and the bits of special floats.
  private static let numbers: [UInt64] = [
    0, 1, 2, 3, 7, 8, 255, 256, 348, 540, 32767, 32768, 65535, 65536, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
    0x1_0000_0000, 1 << 31, 1 << 40, 1 << 52, 1 << 56, 1 << 61, 1 << 62, 0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFE,
    UInt64(Float.nan.bitPattern), UInt64(Float.infinity.bitPattern), UInt64((-Float.infinity).bitPattern),
    UInt64(Float.greatestFiniteMagnitude.bitPattern), UInt64(Float.leastNonzeroMagnitude.bitPattern),
    UInt64(Float(-1).bitPattern), UInt64(Float(1e30).bitPattern), UInt64(Float(1e-30).bitPattern),
    Double.nan.bitPattern, Double.infinity.bitPattern, Double.greatestFiniteMagnitude.bitPattern,
    Double.leastNonzeroMagnitude.bitPattern, Double(-1).bitPattern, Double(1e300).bitPattern,
  ]

  /// Makes one change.
  ///
  /// - Parameter others: Files from which parts are taken.
  static func change(_ data: inout [UInt8], others: [[UInt8]], _ random: inout FuzzRandom) {
    guard !data.isEmpty else {
      data = [UInt8(truncatingIfNeeded: random.next())]
      return
    }
    let position = random.below(data.count)
    switch random.below(12) {
    case 0, 1: data[position] ^= 1 << UInt8(random.below(8))
    case 2: data[position] = random.pick(bytes)
    case 3: data[position] = UInt8(truncatingIfNeeded: random.next())
    case 4, 5, 6: setNumber(&data, &random)
    case 7: data.removeLast(data.count - position)
    case 8: data.removeSubrange(range(in: data, &random))
    case 9:
      let copy = data[range(in: data, &random)]
      data.insert(contentsOf: copy, at: position)
    case 10:
      let added = (0..<random.length(256)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
      if random.chance(0.5) {
        data.insert(contentsOf: added, at: position)
      } else {
        data.replaceSubrange(position..<min(data.count, position + added.count), with: added)
      }
    default: splice(&data, random.pick(others), &random)
    }
  }

  private static func range(in data: [UInt8], _ random: inout FuzzRandom) -> Range<Int> {
    let start = random.below(data.count)
    return start..<start + random.length(data.count - start)
  }

  /// Replaces 2, 4 or 8 bytes, mostly at a multiple of their size, by a number in either byte order, or adds to the one
  /// that is there.
  private static func setNumber(_ data: inout [UInt8], _ random: inout FuzzRandom) {
    let size = random.pick([2, 4, 4, 8])
    guard data.count >= size else { return }
    var start = random.below(data.count - size + 1)
    if random.chance(0.75) { start -= start % size }
    let isBigEndian = random.chance(0.2)
    let positions = (0..<size).map { isBigEndian ? start + size - 1 - $0 : start + $0 }
    var number = random.pick(numbers)
    if random.chance(0.3) {
      number = positions.reversed().reduce(0) { $0 << 8 | UInt64(data[$1]) }
      number = number &+ random.pick([1, 2, 4, 16, .max, .max - 1, .max - 15])
    }
    for (shift, position) in positions.enumerated() {
      data[position] = UInt8(truncatingIfNeeded: number >> (8 * shift))
    }
  }

  /// Continues with a part of another file.
  private static func splice(_ data: inout [UInt8], _ other: [UInt8], _ random: inout FuzzRandom) {
    guard !other.isEmpty else { return }
    let start = random.below(other.count)
    let part = random.chance(0.5) ? other[start...] : other[start..<min(other.count, start + random.length(512))]
    let position = random.below(data.count)
    data.replaceSubrange(position..<(random.chance(0.5) ? data.count : position), with: part)
  }
}
