import CNIfTI

/// Compresses bytes as gzip does.
///
/// - Parameter level: From 1, the fastest, to 9, the smallest.
public func gzip(_ data: [UInt8], level: Int32 = 6) -> [UInt8] {
  var stream = z_stream()
  // 31: the largest window and gzip's wrapping.
  deflateInit2_(&stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var source = data
  var packed = [UInt8](repeating: 0, count: data.count + data.count / 100 + 1000)
  let count = source.withUnsafeMutableBufferPointer { from in
    packed.withUnsafeMutableBufferPointer { to in
      (stream.next_in, stream.avail_in) = (from.baseAddress, UInt32(from.count))
      (stream.next_out, stream.avail_out) = (to.baseAddress, UInt32(to.count))
      deflate(&stream, Z_FINISH)
      return to.count - Int(stream.avail_out)
    }
  }
  return Array(packed[..<count])
}
