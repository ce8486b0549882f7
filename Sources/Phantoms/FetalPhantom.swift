import NIfTI
import Statistics

/// A fetal brain of 21 to 38 weeks in a T2-weighted volume: small and smooth at first, large and
/// folded later.
///
/// The minority has spina bifida: wide ventricles, little fluid around the brain, and a small
/// cerebellum that is drawn down into a small posterior fossa (Chiari II malformation).
enum FetalPhantom: PhantomRecipe {
  static let channels = ["T2w"]
  static let labels = [
    "white_matter", "intra_axial_csf", "cerebellum", "extra_axial_csf", "cortical_grey_matter", "deep_grey_matter",
    "brainstem",
  ]
  static let majority = "neurotypical"
  static let minority = "spina_bifida"

  static func make(patient: Int, isMinority: Bool, seed: UInt64) -> PhantomCase {
    var random = CounterRandom(seed: seed, patient: patient)
    let age = random.uniform(0, 1)
    let length = (23 + 14 * age) * random.uniform(0.96, 1.04)
    let width = length * random.uniform(0.76, 0.84)
    let halfAxes = (z: length * random.uniform(0.78, 0.86), y: length, x: width)
    var brain = BrainAnatomy(
      halfAxes: halfAxes, fluidDepth: 2.6 - 0.8 * age, folding: 0.5 + 4.5 * age, cortexThickness: 2.1 + 0.5 * age,
      ventricleSize: (1.2 - 0.25 * age) * random.uniform(0.92, 1.08))
    if isMinority {
      brain.ventricleSize *= random.uniform(1.35, 1.7)
      brain.fluidDepth *= random.uniform(0.4, 0.65)
      brain.cerebellumSize = random.uniform(0.62, 0.78)
      brain.cerebellumDescent = random.uniform(0.08, 0.16)
      brain.tentoriumHeight -= random.uniform(0.08, 0.14)
    }
    let grid = PhantomGrid(
      halfAxes: halfAxes, spacing: Array(repeating: random.uniform(0, 1) < 0.3 ? 1.35 : 1.5, count: 3))
    let tissues = DeformedBrain(brain, grid: grid, furrowWidth: 5, random: &random)

    // Fetal white matter contains much water: it is bright, and darkens with age.
    var signal = BrainAnatomy.Tissue.allCases.map { tissue -> Double in
      switch tissue {
      case .background: 0.22
      case .whiteMatter: 0.66 - 0.1 * age
      case .ventricle: 1
      case .cerebellum: 0.42
      case .outerFluid: 0.97
      case .cortex: 0.38 + 0.05 * age
      case .deepGrayMatter: 0.45
      case .brainstem: 0.5
      }
    }
    for tissue in signal.indices { signal[tissue] *= random.uniform(0.93, 1.07) }
    let scanner = PhantomScanner(
      bias: random.uniform(0.05, 0.15), noise: random.uniform(0.02, 0.05), gain: random.uniform(300, 1200))
    let image = scanner.image(
      of: tissues.tissues.map { Float(signal[Int($0)]) }, inside: tissues.inside, grid: grid, random: &random)
    return PhantomCase(images: [image], labels: grid.labels(tissues.tissues), geometry: grid.geometry)
  }
}
