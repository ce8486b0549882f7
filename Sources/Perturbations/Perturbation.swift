import NIfTI
import Statistics

/// A change of the images of a case, such as another scanner would make, of one kind and with a vector of bounded
/// parameters.
///
/// How far the change goes is its severity, from 0, where images stay as they are, to 1.
protocol Perturbation: Sendable {
  /// The parameters in the order of the vector.
  static var parameters: [PerturbationParameter] { get }

  /// Creates a perturbation from as many numbers as there are parameters, each within its bounds.
  init(_ vector: [Double])

  /// Changes the images.
  ///
  /// - Parameters:
  ///   - acquisition: The images.
  ///   - severity: More than 0 and at most 1.
  ///   - random: For what is drawn for each voxel, such as noise.
  func apply(to acquisition: inout Acquisition, severity: Double, random: inout CounterRandom)

  /// The label map that fits the changed images; by default the one that fitted before.
  func moved(_ labels: Volume<Int32>, spacing: [Double], severity: Double) -> Volume<Int32>
}

extension Perturbation {
  func moved(_ labels: Volume<Int32>, spacing: [Double], severity: Double) -> Volume<Int32> { labels }
}

/// The name and the bounds of a parameter.
public struct PerturbationParameter: Sendable, Equatable {
  /// The name in files.
  public let name: String
  /// The smallest and the largest value.
  public let bounds: ClosedRange<Double>
  /// Whether it says in which direction and how far, so that the change grows with it; otherwise it says where.
  package var isDirection: Bool { bounds.lowerBound < 0 }

  /// A parameter in [-1, 1], which says in which direction and how far; severity scales its effect.
  static func direction(_ name: String) -> PerturbationParameter { .init(name: name, bounds: -1...1) }

  /// A parameter in [0, 1], which says where, such as the axis.
  static func place(_ name: String) -> PerturbationParameter { .init(name: name, bounds: 0...1) }
}
