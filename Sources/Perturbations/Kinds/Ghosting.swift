import Statistics

/// Displaced copies of the image along one axis, as a patient who moves periodically leaves them.
///
/// One to three copies at equal distances, which leave the grid at one end and enter it at the other, share up to half
/// of the signal.
struct Ghosting: Perturbation {
  static let parameters: [PerturbationParameter] = [.place("axis"), .place("copies")]

  /// The axis, 0 for z.
  let axis: Int
  /// The number of copies.
  let copies: Int

  init(_ vector: [Double]) {
    axis = min(2, Int(3 * vector[0]))
    copies = 1 + min(2, Int(3 * vector[1]))
  }

  func apply(to acquisition: inout Acquisition, severity: Double, random: inout CounterRandom) {
    let length = acquisition.shape[axis]
    let amplitude = Float(0.5 * severity)
    acquisition.combine(
      axis: axis,
      (0..<length).map { position in
        let ghosts = (1...copies).map { copy in
          (position: (position + copy * length / (copies + 1)) % length, weight: amplitude / Float(copies))
        }
        return [(position: position, weight: 1 - amplitude)] + ghosts
      })
  }
}
