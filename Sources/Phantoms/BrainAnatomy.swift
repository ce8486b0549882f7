import Foundation

/// A brain that is defined by formulas, which tell the tissue at each point.
///
/// Lengths without a unit are fractions of the brain's half axes.
struct BrainAnatomy {
  /// The tissues. Raw values are the labels of a fetal phantom.
  enum Tissue: Int, CaseIterable {
    /// Air, or the rim of skull and skin that a loose brain mask keeps.
    case background = 0
    case whiteMatter, ventricle, cerebellum, outerFluid, cortex, deepGrayMatter, brainstem
  }

  /// Half the extent along z, y and x, in mm.
  var halfAxes: (z: Double, y: Double, x: Double)
  /// Depth of the fluid around the cortex, in mm.
  var fluidDepth: Double
  /// Depth of the furrows of the cortex, in mm.
  var folding: Double
  /// Thickness of the cortex, in mm.
  var cortexThickness: Double
  /// Size of the lateral ventricles along each axis, relative to their usual size.
  var ventricleSize: Double
  /// Size of the cerebellum along each axis, relative to its usual size.
  var cerebellumSize = 1.0
  /// How far the cerebellum lies below its usual position.
  var cerebellumDescent = 0.0
  /// Height of the tentorium, which separates the cerebrum from the cerebellum, in the middle of
  /// the brain.
  var tentoriumHeight = -0.3

  /// The tissue at a point.
  ///
  /// - Parameters:
  ///   - z: Distance from the center upward, in mm.
  ///   - y: Distance from the center to the front, in mm.
  ///   - x: Distance from the center to the right, in mm.
  ///   - furrow: The value of a smooth random field that varies over the width of a gyrus. Furrows
  ///     run where it changes sign.
  func tissue(z: Double, y: Double, x: Double, furrow: Double) -> Tissue {
    let (v, a, l) = (z / halfAxes.z, y / halfAxes.y, abs(x) / halfAxes.x)
    let radius = (v * v + a * a + l * l).squareRoot()
    guard radius < 1 else { return .background }
    let depth = (1 - radius) * halfAxes.z

    let stem = -0.12 - 0.25 * (-0.15 - v)
    if v < -0.15, depth > 0.6, within(0, (a - stem) / 0.2, l / 0.19) { return .brainstem }
    let lobe = within(
      (v + 0.57 + cerebellumDescent) / 0.27, (a + 0.49 - 0.4 * cerebellumDescent) / 0.3, (l - 0.2) / 0.31,
      size: cerebellumSize)
    if lobe, depth > 0.6 { return .cerebellum }
    // The tentorium slopes down to the front, and ends behind the temporal lobes.
    let aboveTentorium = v - (tentoriumHeight - 0.4 * (a + 0.3) - 1.6 * max(0, a + 0.12))
    if aboveTentorium < 0 { return .outerFluid }

    // The cortex follows the skull, the tentorium, and the fissure between the hemispheres down to
    // the corpus callosum.
    let callosum = max(0, 0.3 - v - 0.8 * max(0, abs(a) - 0.35))
    let surface = min(depth, aboveTentorium * halfAxes.z, abs(x) - 0.7 + callosum * halfAxes.z)
    let belowSurface = surface - fluidDepth * min(1, depth) - folding * max(0, 1 - abs(furrow) / 0.45)
    if belowSurface < 0 { return .outerFluid }
    if belowSurface < cortexThickness { return .cortex }

    let horn = 0.13 - 0.45 * a * a
    let lateral = within(
      (v - horn) / (0.11 + 0.06 * max(0, -a)), (a + 0.06) / 0.5, (l - 0.2) / 0.09, size: ventricleSize)
    let third = l < 0.03 && within((v + 0.1) / 0.16, a / 0.16, 0)
    if lateral || third { return .ventricle }
    let deep = within((v + 0.16) / 0.2, (a - 0.02) / 0.32, (l - 0.23) / 0.18)
    return deep ? .deepGrayMatter : .whiteMatter
  }

  /// Whether a point lies inside an ellipsoid, given its offsets from the center in units of the
  /// half axes.
  private func within(_ z: Double, _ y: Double, _ x: Double, size: Double = 1) -> Bool {
    z * z + y * y + x * x < size * size
  }
}
