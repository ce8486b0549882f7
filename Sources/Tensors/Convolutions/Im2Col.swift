/// The im2col matrix: one row for each output voxel, with a column for each (kz, ky, kx, channel)
/// that the kernel covers there.
///
/// Because channels are last, a row consists of one contiguous copy for each (kz, ky): the kx
/// neighbors lie side by side.
struct Im2Col: Sendable {
  let channels: Int
  /// Voxels of the input volume and of the output volume along z, y, x.
  let input, output: [Int]
  /// Kernel size and stride along z, y, x.
  let kernel, stride: [Int]
  /// Zeros before the first voxel of each axis.
  let padding: [Int]

  /// Columns of the matrix: kernel positions times channels.
  var columns: Int { kernel[0] * kernel[1] * kernel[2] * channels }

  /// Copies the matrix rows of the output voxels `rows`, numbered through the batch, from `source`
  /// to `columns`.
  func gather(_ rows: Range<Int>, from source: UnsafePointer<Float>, into columns: UnsafeMutablePointer<Float>) {
    walk(rows) { line, length, run in
      let destination = columns + line
      if let start = run.source {
        destination.update(repeating: 0, count: run.before)
        (destination + run.before).update(from: source + start, count: run.count)
        (destination + run.before + run.count).update(repeating: 0, count: length - run.before - run.count)
      } else {
        destination.update(repeating: 0, count: length)
      }
    }
  }

  /// Adds matrix rows to the voxels that `gather` reads them from: the transpose of `gather`.
  func scatter(_ rows: Range<Int>, from columns: UnsafePointer<Float>, addingTo target: UnsafeMutablePointer<Float>) {
    walk(rows) { line, _, run in
      guard let start = run.source else { return }
      let source = columns + line + run.before
      let destination = target + start
      for i in 0..<run.count { destination[i] += source[i] }
    }
  }

  /// The part of a kernel row that lies inside the volume.
  private struct Run {
    /// Floats before it, which are outside the volume.
    var before: Int
    /// Floats inside the volume.
    var count: Int
    /// Offset of the first float inside the volume, or `nil` when the whole kernel row is outside.
    var source: Int?
  }

  /// Calls `body` for each kernel row of each matrix row; `line` is its offset in `columns` and
  /// `length` its size in floats.
  @inline(__always)
  private func walk(_ rows: Range<Int>, _ body: (_ line: Int, _ length: Int, _ run: Run) -> Void) {
    let (depth, height, width) = (input[0], input[1], input[2])
    let (kz, ky, kx) = (kernel[0], kernel[1], kernel[2])
    let (outputHeight, outputWidth) = (output[1], output[2])
    let plane = outputHeight * outputWidth
    let volume = output[0] * plane
    let length = kx * channels
    var line = 0
    for row in rows {
      let sample = row / volume
      let inside = row % volume
      let z = inside / plane * stride[0] - padding[0]
      let y = inside % plane / outputWidth * stride[1] - padding[1]
      let x = inside % outputWidth * stride[2] - padding[2]
      let first = max(0, -x)
      let last = min(kx, width - x)
      for dz in 0..<kz {
        for dy in 0..<ky {
          var run = Run(before: 0, count: 0, source: nil)
          if z + dz >= 0, z + dz < depth, y + dy >= 0, y + dy < height, first < last {
            run.before = first * channels
            run.count = (last - first) * channels
            run.source = (((sample * depth + z + dz) * height + y + dy) * width + x + first) * channels
          }
          body(line, length, run)
          line += length
        }
      }
    }
  }
}
