import Statistics

/// Fewer, thicker slices along the axis of the largest spacing.
///
/// Each slice is a mean over its thickness, and the slices are interpolated linearly to the grid of the image. Severity
/// 1 adds four times the smallest spacing to the thickness.
struct ThickSlices: Perturbation {
  static let parameters: [PerturbationParameter] = [.place("offset")]

  /// Where the first slice begins before the image, in slices at severity 1.
  let offset: Double

  init(_ vector: [Double]) { offset = vector[0] }

  func apply(to acquisition: inout Acquisition, severity: Double, random: inout CounterRandom) {
    let spacing = acquisition.spacing
    var axis = 0
    for other in 1..<3 where spacing[other] > spacing[axis] { axis = other }
    let thickness = 1 + 4 * severity * (spacing.min() ?? 1) / spacing[axis]
    acquisition.combine(
      axis: axis, Self.sources(length: acquisition.shape[axis], thickness: thickness, offset: severity * offset))
  }

  /// The voxels that each voxel of a line depends on, and their weights, which sum to 1.
  ///
  /// - Parameters:
  ///   - length: The number of voxels of the line.
  ///   - thickness: Of a slice, in voxels.
  ///   - offset: Where the first slice begins before the line, in slices.
  static func sources(length: Int, thickness: Double, offset: Double) -> [[(position: Int, weight: Float)]] {
    var slices: [[(position: Int, weight: Double)]] = []
    var start = -offset * thickness
    let first = start + thickness / 2
    while start < Double(length) - 1e-6 {
      let (low, high) = (max(0, start), min(Double(length), start + thickness))
      var slice: [(Int, Double)] = []
      for voxel in Int(low)..<max(Int(low) + 1, Int(high.rounded(.up))) {
        let overlap = min(high, Double(voxel + 1)) - max(low, Double(voxel))
        if overlap > 0 { slice.append((voxel, overlap / (high - low))) }
      }
      slices.append(slice)
      start += thickness
    }
    return (0..<length).map { voxel in
      let place = min(max((Double(voxel) + 0.5 - first) / thickness, 0), Double(slices.count - 1))
      let below = min(Int(place), slices.count - 1)
      let above = min(below + 1, slices.count - 1)
      let share = place - Double(below)
      let weighted = slices[below].map { ($0.position, $0.weight * (1 - share)) }
      let others = share > 0 ? slices[above].map { ($0.position, $0.weight * share) } : []
      return (weighted + others).map { (position: $0.0, weight: Float($0.1)) }
    }
  }
}
