/// The patches a kernel sees, laid out as the rows of a matrix: a row is an output voxel, (kz, ky, kx, channel) its columns.
///
/// Channels last makes a row a handful of contiguous copies: one for each (kz, ky), as the kx neighbors lie side by side.
struct Im2Col: Sendable {
  let channels: Int
  /// Voxels of the volume that patches are taken from, and of the grid of kernel positions.
  let input, output: [Int]
  let kernel, stride: [Int]
  /// Zeros before the first voxel of each axis.
  let padding: [Int]

  var columns: Int { kernel[0] * kernel[1] * kernel[2] * channels }

  /// Gathers the patches of the output voxels `rows` (counted through the batch) of `source` into `columns`.
  func gather(_ rows: Range<Int>, from source: UnsafePointer<Float>, into columns: UnsafeMutablePointer<Float>) {
    walk(rows) { line, length, run in
      let destination = columns + line
      if let start = run.source {
        (destination).update(repeating: 0, count: run.before)
        (destination + run.before).update(from: source + start, count: run.count)
        (destination + run.before + run.count).update(repeating: 0, count: length - run.before - run.count)
      } else {
        destination.update(repeating: 0, count: length)
      }
    }
  }

  /// Adds the patches in `columns` back to where they were gathered from: the transpose of `gather`.
  func scatter(_ rows: Range<Int>, from columns: UnsafePointer<Float>, addingTo target: UnsafeMutablePointer<Float>) {
    walk(rows) { line, _, run in
      guard let start = run.source else { return }
      let source = columns + line + run.before
      let destination = target + start
      for i in 0..<run.count { destination[i] += source[i] }
    }
  }

  /// The part of a kernel row that lies inside the volume: floats to skip, floats to copy, and where they start.
  private struct Run {
    var before: Int
    var count: Int
    var source: Int?
  }

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
