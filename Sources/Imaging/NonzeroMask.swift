import NIfTI

/// The mask of nnU-Net's crop to nonzero: all voxels that are nonzero in at least one channel, and
/// the holes that they enclose.
public struct NonzeroMask: Sendable {
  /// The number of voxels along z, y and x.
  public let shape: [Int]
  /// Whether each voxel is inside the mask, x fastest.
  public let isInside: [Bool]

  /// Finds the mask of a case.
  ///
  /// - Parameter channels: The channels of the case, at least one, all of one shape.
  public init(_ channels: [Volume<Float>]) {
    shape = channels[0].shape
    var mask = [Bool](repeating: false, count: channels[0].voxels.count)
    mask.withUnsafeMutableBufferPointer { mask in
      for channel in channels {
        channel.voxels.withUnsafeBufferPointer { voxels in
          for i in voxels.indices where voxels[i] != 0 { mask[i] = true }
        }
      }
    }
    Self.fillHoles(&mask, shape)
    isInside = mask
  }

  /// The smallest box around the mask, or the whole grid when the mask is empty.
  public var boundingBox: BoundingBox {
    var box = BoundingBox(lower: shape, upper: [0, 0, 0])
    var i = 0
    for z in 0..<shape[0] {
      for y in 0..<shape[1] {
        for x in 0..<shape[2] {
          if isInside[i] {
            let position = [z, y, x]
            for axis in 0..<3 {
              if position[axis] < box.lower[axis] { box.lower[axis] = position[axis] }
              if position[axis] >= box.upper[axis] { box.upper[axis] = position[axis] + 1 }
            }
          }
          i += 1
        }
      }
    }
    return box.upper == [0, 0, 0] ? BoundingBox(whole: shape) : box
  }

  /// Adds holes to the mask: background that no path through faces of voxels connects to the border
  /// of the grid.
  ///
  /// The background outside is filled run by run along x. The stack holds one voxel for each run that is still to be
  /// filled, which takes little memory even for an image that is all background.
  private static func fillHoles(_ mask: inout [Bool], _ shape: [Int]) {
    let (depth, height, width) = (shape[0], shape[1], shape[2])
    var outside = [Bool](repeating: false, count: mask.count)
    var stack: [Int] = []
    mask.withUnsafeMutableBufferPointer { mask in
      outside.withUnsafeMutableBufferPointer { outside in
        func isOpen(_ i: Int) -> Bool { !mask[i] && !outside[i] }
        /// Fills the run of background that contains a voxel, and finds the runs beside it.
        func fill(_ seed: Int) {
          let line = seed / width * width
          var (first, last) = (seed, seed)
          while first > line, isOpen(first - 1) { first -= 1 }
          while last < line + width - 1, isOpen(last + 1) { last += 1 }
          for i in first...last { outside[i] = true }
          let (y, z) = (line / width % height, line / width / height)
          if y > 0 { visit(first...last, by: -width) }
          if y + 1 < height { visit(first...last, by: width) }
          if z > 0 { visit(first...last, by: -width * height) }
          if z + 1 < depth { visit(first...last, by: width * height) }
        }
        /// Remembers the first voxel of each run in a neighboring line that touches a run.
        func visit(_ run: ClosedRange<Int>, by step: Int) {
          var wasOpen = false
          for i in run {
            let isOpen = isOpen(i + step)
            if isOpen && !wasOpen { stack.append(i + step) }
            wasOpen = isOpen
          }
        }
        func start(_ seed: Int) {
          stack.append(seed)
          while let i = stack.popLast() { if isOpen(i) { fill(i) } }
        }
        for z in 0..<depth {
          for y in 0..<height {
            let line = (z * height + y) * width
            if z == 0 || z == depth - 1 || y == 0 || y == height - 1 {
              for x in 0..<width where isOpen(line + x) { start(line + x) }
            } else {
              if isOpen(line) { start(line) }
              if isOpen(line + width - 1) { start(line + width - 1) }
            }
          }
        }
        for i in mask.indices { mask[i] = !outside[i] }
      }
    }
  }
}
