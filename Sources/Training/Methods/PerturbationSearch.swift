import Perturbations
import Statistics

/// The search for a perturbation of one sample that raises its loss.
struct PerturbationSearch {
  /// The perturbations whose losses are needed; none where there is nothing to choose from.
  let trials: [DrawnPerturbation]
  /// The perturbation to train on, given the losses of the trials.
  let choice: (_ losses: [Double]) -> DrawnPerturbation

  /// How far from the parameters the two trials of an ascent are: far enough for losses to differ by more than their
  /// rounding.
  static let probe = 0.1

  /// The worst of several draws.
  static func worst(of count: Int, in set: PerturbationSet, using random: inout CounterRandom) -> PerturbationSearch {
    let draws = (0..<count).map { _ in
      let vector = set.vector(using: &random)
      return DrawnPerturbation(set, vector: vector, random: CounterRandom(seed: random.next()))
    }
    return PerturbationSearch(trials: count > 1 ? draws : []) { losses in
      draws[losses.indices.max { losses[$0] < losses[$1] } ?? 0]
    }
  }

  /// A step of ascent on the parameters that say in which direction and how far.
  ///
  /// All of them move at once, by the step size and a random sign each, forward or backward: to the side whose loss is
  /// larger. On average that is a step along the gradient, divided by its norm (simultaneous perturbation, Spall 1992).
  /// The network's derivative with respect to its input is not needed, and two forward passes do for any number of
  /// parameters. Those that say where, such as the axis, are drawn anew in every step.
  ///
  /// - Parameters:
  ///   - directions: The parameters that are climbed on, in the order of the vector; `nil` to draw them.
  ///   - set: The kind and the severity.
  ///   - stepSize: By how much each parameter moves.
  ///   - random: For signs, parameters, and what is drawn for each voxel.
  static func ascent(
    from directions: [Double]?, in set: PerturbationSet, stepSize: Double, using random: inout CounterRandom
  ) -> PerturbationSearch {
    var start = set.vector(using: &random)
    let climbed = start.indices.filter { set.kind.parameters[$0].isDirection }
    for (index, value) in zip(climbed, directions ?? []) { start[index] = value }
    var signs = start.map { _ in 0.0 }
    for index in climbed { signs[index] = random.chance(0.5) ? 1 : -1 }
    let (origin, steps, voxels) = (start, signs, CounterRandom(seed: random.next()))
    func moved(by distance: Double) -> DrawnPerturbation {
      DrawnPerturbation(set, vector: zip(origin, steps).map { $0 + distance * $1 }, random: voxels)
    }
    let climbs = !climbed.isEmpty && stepSize > 0
    return PerturbationSearch(trials: climbs ? [moved(by: probe), moved(by: -probe)] : []) { losses in
      guard climbs, losses[0] != losses[1] else { return moved(by: 0) }
      return moved(by: losses[0] > losses[1] ? stepSize : -stepSize)
    }
  }
}

extension DrawnPerturbation {
  /// The parameters that say in which direction and how far.
  var directions: [Double] { zip(set.kind.parameters, vector).filter(\.0.isDirection).map(\.1) }
}
