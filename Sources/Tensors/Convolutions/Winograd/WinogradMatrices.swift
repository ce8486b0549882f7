import CBFloat16

/// 64 matrices in scratch memory, one for each position (z, y, x) in a tile of 4 x 4 x 4: a row for
/// each tile, a column for each channel.
struct WinogradMatrices<Layout: WinogradLayout> {
  /// The start of the first matrix.
  let memory: UnsafeMutableRawPointer
  /// Columns of each matrix.
  let channels: Int
  /// Bytes from one matrix to the next: an odd number of cache lines. At multiples of 4096 bytes
  /// the 64 numbers of a tile would map to the same few sets of the cache.
  let stride: Int

  /// Creates a view of `memory`.
  ///
  /// - Parameters:
  ///   - memory: At least `size(tiles:channels:)` bytes.
  ///   - tiles: Rows of each matrix.
  ///   - channels: Columns of each matrix.
  init(_ memory: UnsafeMutableRawPointer, tiles: Int, channels: Int) {
    self.init(memory, channels: channels, stride: Self.stride(tiles: tiles, channels: channels))
  }

  private init(_ memory: UnsafeMutableRawPointer, channels: Int, stride: Int) {
    (self.memory, self.channels, self.stride) = (memory, channels, stride)
  }

  /// The same matrices without their first `tiles` rows, an even number.
  func dropping(_ tiles: Int) -> WinogradMatrices {
    WinogradMatrices(
      memory + Layout.offset(tile: tiles, channel: 0, channels: channels), channels: channels, stride: stride)
  }

  /// Bytes of 64 matrices of `tiles` rows.
  static func size(tiles: Int, channels: Int) -> Int { 64 * stride(tiles: tiles, channels: channels) }

  private static func stride(tiles: Int, channels: Int) -> Int {
    ((Layout.offset(tile: (tiles + 1) / 2 * 2, channel: 0, channels: channels) + 63) / 64 | 1) * 64
  }

  /// The address of an element of the first matrix.
  @inline(__always)
  func pointer(tile: Int, channel: Int) -> UnsafeMutableRawPointer {
    memory + Layout.offset(tile: tile, channel: channel, channels: channels)
  }

  /// The matrix of one position.
  func matrix(_ position: Int) -> UnsafeMutableRawPointer { memory + position * stride }
}

/// The memory layout of a matrix of tiles by channels.
protocol WinogradLayout {
  /// Bytes from the start of the matrix to an element.
  static func offset(tile: Int, channel: Int, channels: Int) -> Int
  /// Writes sixteen channels of a tile. An even tile must be written before the next odd one.
  static func store(_ vector: SIMD16<Float>, _ pointer: UnsafeMutableRawPointer, tile: Int)
}

/// One row for each tile, in 32-bit floats.
enum FloatRows: WinogradLayout {
  @inline(__always)
  static func offset(tile: Int, channel: Int, channels: Int) -> Int { (tile * channels + channel) * 4 }
  @inline(__always)
  static func store(_ vector: SIMD16<Float>, _ pointer: UnsafeMutableRawPointer, tile: Int) {
    Float.store(vector, pointer.assumingMemoryBound(to: Float.self))
  }
}

/// One row for each tile, in `BFloat16`.
enum BFloat16Rows: WinogradLayout {
  @inline(__always)
  static func offset(tile: Int, channel: Int, channels: Int) -> Int { (tile * channels + channel) * 2 }
  @inline(__always)
  static func store(_ vector: SIMD16<Float>, _ pointer: UnsafeMutableRawPointer, tile: Int) {
    BFloat16.store(vector, pointer.assumingMemoryBound(to: BFloat16.self))
  }
}

/// One row of pairs for every two tiles, (tile / 2, channel, tile % 2), in `BFloat16`, for products
/// that sum over tiles.
///
/// When the number of tiles is odd, zero completes the last pair.
enum BFloat16Pairs: WinogradLayout {
  @inline(__always)
  static func offset(tile: Int, channel: Int, channels: Int) -> Int { (tile / 2 * channels + channel) * 4 }
  @inline(__always)
  static func store(_ vector: SIMD16<Float>, _ pointer: UnsafeMutableRawPointer, tile: Int) {
    var pair = bf16_first(BFloat16.bits(vector))
    if tile % 2 == 1 { pair = pointer.loadUnaligned(as: SIMD16<UInt32>.self) | pair &<< 16 }
    pointer.storeBytes(of: pair, as: SIMD16<UInt32>.self)
  }
}
