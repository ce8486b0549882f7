import Statistics

/// A brain after a smooth random deformation, evaluated at the points of a grid.
struct DeformedBrain {
  /// The tissue at each point, as raw values of `BrainAnatomy.Tissue`.
  private(set) var tissues: [UInt8]
  /// 1 in the brain and in a rim around it, 0 elsewhere.
  private(set) var inside: [Float]

  /// Deforms and evaluates a brain.
  ///
  /// - Parameters:
  ///   - brain: The brain before the deformation.
  ///   - grid: The points.
  ///   - furrowWidth: The wavelength of the random field that places the furrows, in mm.
  ///   - random: The source of the deformation and the furrows.
  init(_ brain: BrainAnatomy, grid: PhantomGrid, furrowWidth: Double, random: inout CounterRandom) {
    let shape = grid.pointShape
    let length = brain.halfAxes.y
    func field(_ wavelength: Double) -> [Float] {
      SmoothNoise.field(shape: shape, step: grid.pointSpacing, wavelength: wavelength, random: &random)
    }
    let shifts = (field(0.7 * length), field(0.7 * length), field(0.7 * length))
    let furrows = field(furrowWidth)
    let strength = 0.022 * length
    var tissues = [UInt8](repeating: 0, count: furrows.count)
    var inside = [Float](repeating: 0, count: furrows.count)
    var point = 0
    for i in 0..<shape[0] {
      for j in 0..<shape[1] {
        for k in 0..<shape[2] {
          let z = grid.position(i, axis: 0) + strength * Double(shifts.0[point])
          let y = grid.position(j, axis: 1) + strength * Double(shifts.1[point])
          let x = grid.position(k, axis: 2) + strength * Double(shifts.2[point])
          tissues[point] = UInt8(brain.tissue(z: z, y: y, x: x, furrow: Double(furrows[point])).rawValue)
          let (v, a, l) = (z / brain.halfAxes.z, y / brain.halfAxes.y, x / brain.halfAxes.x)
          inside[point] = v * v + a * a + l * l < 1.06 * 1.06 ? 1 : 0
          point += 1
        }
      }
    }
    self.tissues = tissues
    self.inside = inside
  }
}
