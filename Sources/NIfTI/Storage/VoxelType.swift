/// The voxel types that can be read. Raw values are NIfTI's `datatype` codes.
enum VoxelType: Int16, CaseIterable {
  case uint8 = 2
  case int16 = 4
  case int32 = 8
  case float32 = 16
  case float64 = 64
  case int8 = 256
  case uint16 = 512
  case uint32 = 768
  case int64 = 1024
  case uint64 = 1280

  /// The size of one voxel in bytes.
  var size: Int {
    switch self {
    case .uint8, .int8: 1
    case .int16, .uint16: 2
    case .int32, .uint32, .float32: 4
    case .int64, .uint64, .float64: 8
    }
  }

  /// Converts `count` stored voxels, in the machine's byte order, to `slope * stored + inter`.
  ///
  /// The result is computed in double precision.
  func decode(
    _ stored: UnsafeRawPointer, _ count: Int, slope: Double, inter: Double, into out: UnsafeMutablePointer<Float>
  ) {
    switch self {
    case .uint8: scale(stored.assumingMemoryBound(to: UInt8.self), count, slope, inter, out)
    case .int8: scale(stored.assumingMemoryBound(to: Int8.self), count, slope, inter, out)
    case .uint16: scale(stored.assumingMemoryBound(to: UInt16.self), count, slope, inter, out)
    case .int16: scale(stored.assumingMemoryBound(to: Int16.self), count, slope, inter, out)
    case .uint32: scale(stored.assumingMemoryBound(to: UInt32.self), count, slope, inter, out)
    case .int32: scale(stored.assumingMemoryBound(to: Int32.self), count, slope, inter, out)
    case .uint64: scale(stored.assumingMemoryBound(to: UInt64.self), count, slope, inter, out)
    case .int64: scale(stored.assumingMemoryBound(to: Int64.self), count, slope, inter, out)
    case .float32:
      let floats = stored.assumingMemoryBound(to: Float.self)
      for i in 0..<count { out[i] = Float(Double(floats[i]) * slope + inter) }
    case .float64:
      let doubles = stored.assumingMemoryBound(to: Double.self)
      for i in 0..<count { out[i] = Float(doubles[i] * slope + inter) }
    }
  }

  @inline(__always)
  private func scale<T: FixedWidthInteger>(
    _ stored: UnsafePointer<T>, _ count: Int, _ slope: Double, _ inter: Double, _ out: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<count { out[i] = Float(Double(stored[i]) * slope + inter) }
  }
}
