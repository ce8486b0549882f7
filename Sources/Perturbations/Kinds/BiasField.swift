import Foundation
import Statistics

/// Brightness that varies smoothly over the image, as near a coil.
///
/// The logarithm of the factor is a sum of half and whole cosine waves along each axis. The factor lies between 1/2 and
/// 2 at severity 1.
struct BiasField: Perturbation {
  static let parameters: [PerturbationParameter] = ["z", "y", "x"].flatMap { axis in
    [.direction("\(axis)-half"), .direction("\(axis)-whole")]
  }

  /// The share of each wave, two for each axis.
  let waves: [Double]

  init(_ vector: [Double]) { waves = vector }

  func apply(to acquisition: inout Acquisition, severity: Double, random: inout CounterRandom) {
    let total = waves.reduce(0) { $0 + abs($1) }
    guard total > 0 else { return }
    let shape = acquisition.shape
    // For each axis and position, its part of the logarithm.
    let parts = (0..<3).map { axis in
      (0..<shape[axis]).map { position in
        let angle = Double.pi * (Double(position) + 0.5) / Double(shape[axis])
        return severity * log(2) / total * (waves[2 * axis] * cos(angle) + waves[2 * axis + 1] * cos(2 * angle))
      }
    }
    acquisition.change { value, scale, voxel in
      let (x, y, z) = (voxel % shape[2], voxel / shape[2] % shape[1], voxel / (shape[1] * shape[2]))
      return scale.dark + (value - scale.dark) * Float(exp(parts[0][z] + parts[1][y] + parts[2][x]))
    }
  }
}
