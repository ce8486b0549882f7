import Foundation
import NIfTI
import Statistics

/// An adult brain with a glioma, in four channels: edema surrounds a tumor with an enhancing rim
/// and a core that does not enhance.
///
/// The minority comes from another scanner, with other contrasts, weaker enhancement and more noise.
enum TumorPhantom: PhantomRecipe {
  static let channels = ["T1", "T1c", "T2", "FLAIR"]
  static let labels = ["edema", "non_enhancing_core", "enhancing_tumour"]
  static let majority = "scanner_a"
  static let minority = "scanner_b"

  static func make(patient: Int, isMinority: Bool, seed: UInt64) -> PhantomCase {
    var random = CounterRandom(seed: seed, patient: patient)
    let length = 41 * random.uniform(0.92, 1.06)
    let halfAxes = (z: length * random.uniform(0.8, 0.88), y: length, x: length * random.uniform(0.78, 0.86))
    let brain = BrainAnatomy(
      halfAxes: halfAxes, fluidDepth: random.uniform(0.6, 1.4), folding: 5, cortexThickness: 2.8,
      ventricleSize: random.uniform(0.8, 1.1))
    let grid = PhantomGrid(halfAxes: halfAxes, spacing: [1.5, 1.5, 1.5])
    let tissues = DeformedBrain(brain, grid: grid, furrowWidth: 6, random: &random)
    let tumor = Tumor(in: brain, random: &random)
    let parts = tumor.parts(in: tissues, grid: grid, random: &random)

    let contrast = isMinority ? minorityContrast : majorityContrast
    let strength = random.uniform(0.7, 1.3)
    var images: [Volume<Float>] = []
    for channel in channels.indices {
      var brightness = contrast.tissues[channel] + contrast.tumor[channel]
      for i in brightness.indices { brightness[i] *= random.uniform(0.94, 1.06) }
      let scanner = PhantomScanner(
        bias: (isMinority ? 0.15 : 0.07) * strength, noise: (isMinority ? 0.06 : 0.03) * strength,
        gain: (isMinority ? 2400 : 600) * random.uniform(0.7, 1.3))
      let signal = zip(tissues.tissues, parts).map { tissue, part in
        Float(brightness[part > 0 ? BrainAnatomy.Tissue.allCases.count + Int(part) - 1 : Int(tissue)])
      }
      // The brain is stripped of its skull.
      let inside = tissues.tissues.map { Float($0 == 0 ? 0 : 1) }
      images.append(scanner.image(of: signal, inside: inside, grid: grid, random: &random))
    }
    return PhantomCase(images: images, labels: grid.labels(parts), geometry: grid.geometry)
  }

  /// Signals, with one row for each channel.
  private struct Contrast {
    /// The signals of the tissues, in the order of `BrainAnatomy.Tissue`.
    var tissues: [[Double]]
    /// The signals of the tumor's parts, in the order of `labels`.
    var tumor: [[Double]]
  }

  private static let majorityContrast = Contrast(
    tissues: [
      [0, 0.85, 0.25, 0.65, 0.25, 0.6, 0.68, 0.75],
      [0, 0.85, 0.25, 0.68, 0.27, 0.63, 0.7, 0.75],
      [0, 0.4, 1, 0.5, 0.95, 0.55, 0.5, 0.45],
      [0, 0.5, 0.15, 0.58, 0.2, 0.62, 0.58, 0.52],
    ],
    tumor: [[0.6, 0.4, 0.55], [0.6, 0.42, 1.15], [0.8, 0.9, 0.72], [0.95, 0.6, 0.85]])

  private static let minorityContrast = Contrast(
    tissues: [
      [0, 0.7, 0.35, 0.66, 0.35, 0.62, 0.66, 0.68],
      [0, 0.78, 0.2, 0.6, 0.22, 0.52, 0.62, 0.7],
      [0, 0.55, 0.85, 0.6, 0.8, 0.66, 0.6, 0.57],
      [0, 0.42, 0.3, 0.6, 0.34, 0.66, 0.6, 0.45],
    ],
    tumor: [[0.6, 0.5, 0.58], [0.6, 0.45, 0.9], [0.75, 0.82, 0.7], [0.8, 0.66, 0.78]])
}

/// The position and the size of a tumor.
private struct Tumor {
  /// Distances from the center of the brain along each axis, in mm.
  let center: (z: Double, y: Double, x: Double)
  /// Radius of the core and its rim together, in mm.
  let radius: Double
  /// Thickness of the enhancing rim, in mm.
  let rim: Double
  /// Mean thickness of the edema around the rim, in mm.
  let edema: Double

  /// Chooses a position and a size at random.
  init(in brain: BrainAnatomy, random: inout CounterRandom) {
    let side = random.uniform(0, 1) < 0.5 ? -1.0 : 1
    center = (
      z: brain.halfAxes.z * random.uniform(0.0, 0.45), y: brain.halfAxes.y * random.uniform(-0.45, 0.5),
      x: brain.halfAxes.x * random.uniform(0.38, 0.55) * side
    )
    radius = random.uniform(7.5, 12)
    rim = random.uniform(2.2, 3.5)
    edema = random.uniform(4, 9)
  }

  /// The part of the tumor at each point: 0 none, 1 edema, 2 core, 3 rim. There is no edema in fluid.
  func parts(in brain: DeformedBrain, grid: PhantomGrid, random: inout CounterRandom) -> [UInt8] {
    let shape = grid.pointShape
    let lumps = SmoothNoise.field(shape: shape, step: grid.pointSpacing, wavelength: 9, random: &random)
    let fingers = SmoothNoise.field(shape: shape, step: grid.pointSpacing, wavelength: 7, random: &random)
    var parts = [UInt8](repeating: 0, count: lumps.count)
    var point = -1
    for i in 0..<shape[0] {
      for j in 0..<shape[1] {
        for k in 0..<shape[2] {
          point += 1
          guard let tissue = BrainAnatomy.Tissue(rawValue: Int(brain.tissues[point])), tissue != .background
          else { continue }
          let z = grid.position(i, axis: 0) - center.z
          let y = grid.position(j, axis: 1) - center.y
          let x = grid.position(k, axis: 2) - center.x
          let distance = (z * z + y * y + x * x).squareRoot() + 1.3 * Double(lumps[point])
          if distance < radius - rim {
            parts[point] = 2
          } else if distance < radius {
            parts[point] = 3
          } else if distance < radius + edema + 2.5 * Double(fingers[point]) {
            parts[point] = tissue == .ventricle || tissue == .outerFluid ? 0 : 1
          }
        }
      }
    }
    return parts
  }
}
