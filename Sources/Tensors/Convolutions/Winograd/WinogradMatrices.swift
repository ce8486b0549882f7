import CBFloat16

/// 64 matrices of tiles by channels, one for each position (z, y, x) of the 4 x 4 x 4, in scratch memory.
struct WinogradMatrices<Form: WinogradForm> {
  let memory: UnsafeMutableRawPointer
  let channels: Int
  /// Bytes from a matrix to the next. An odd number of cache lines, since at a multiple of 4096 bytes a tile's 64 numbers would all
  /// compete for the same few places of the cache.
  let stride: Int

  /// - Parameter tiles: Rows there is memory for; `size` tells how much that must be.
  init(_ memory: UnsafeMutableRawPointer, tiles: Int, channels: Int) {
    self.init(memory, channels: channels, stride: Self.stride(tiles: tiles, channels: channels))
  }

  private init(_ memory: UnsafeMutableRawPointer, channels: Int, stride: Int) {
    (self.memory, self.channels, self.stride) = (memory, channels, stride)
  }

  /// The rows behind the first `tiles`, an even number.
  func dropping(_ tiles: Int) -> WinogradMatrices {
    WinogradMatrices(
      memory + Form.offset(tile: tiles, channel: 0, channels: channels), channels: channels, stride: stride)
  }

  /// Bytes for `tiles` rows.
  static func size(tiles: Int, channels: Int) -> Int { 64 * stride(tiles: tiles, channels: channels) }

  private static func stride(tiles: Int, channels: Int) -> Int {
    ((Form.offset(tile: (tiles + 1) / 2 * 2, channel: 0, channels: channels) + 63) / 64 | 1) * 64
  }

  /// Where a tile's lane begins in the first matrix.
  @inline(__always)
  func place(_ tile: Int, _ channel: Int) -> UnsafeMutableRawPointer {
    memory + Form.offset(tile: tile, channel: channel, channels: channels)
  }

  /// One position's matrix.
  func matrix(_ position: Int) -> UnsafeMutableRawPointer { memory + position * stride }
}

/// How a matrix of tiles by channels lies in memory.
protocol WinogradForm {
  /// Bytes from the matrix's start.
  static func offset(tile: Int, channel: Int, channels: Int) -> Int
  /// Writes sixteen channels of a tile; tiles come in rising order.
  static func store(_ lane: SIMD16<Float>, _ place: UnsafeMutableRawPointer, tile: Int)
}

/// A row a tile, 32-bit floats.
enum FloatRows: WinogradForm {
  @inline(__always)
  static func offset(tile: Int, channel: Int, channels: Int) -> Int { (tile * channels + channel) * 4 }
  @inline(__always)
  static func store(_ lane: SIMD16<Float>, _ place: UnsafeMutableRawPointer, tile: Int) {
    Float.store(lane, place.assumingMemoryBound(to: Float.self))
  }
}

/// A row a tile, `BFloat16`.
enum BFloat16Rows: WinogradForm {
  @inline(__always)
  static func offset(tile: Int, channel: Int, channels: Int) -> Int { (tile * channels + channel) * 2 }
  @inline(__always)
  static func store(_ lane: SIMD16<Float>, _ place: UnsafeMutableRawPointer, tile: Int) {
    BFloat16.store(lane, place.assumingMemoryBound(to: BFloat16.self))
  }
}

/// A row of pairs for two tiles, (tile / 2, channel, tile % 2), `BFloat16`: what is summed over tiles. The partner of an odd last tile is
/// zero.
enum BFloat16Pairs: WinogradForm {
  @inline(__always)
  static func offset(tile: Int, channel: Int, channels: Int) -> Int { (tile / 2 * channels + channel) * 4 }
  @inline(__always)
  static func store(_ lane: SIMD16<Float>, _ place: UnsafeMutableRawPointer, tile: Int) {
    var pair = bf16_first(BFloat16.bits(lane))
    if tile % 2 == 1 { pair = place.loadUnaligned(as: SIMD16<UInt32>.self) | pair &<< 16 }
    place.storeBytes(of: pair, as: SIMD16<UInt32>.self)
  }
}
