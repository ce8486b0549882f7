import Foundation
import NIfTI
import Statistics

/// One perturbation of a set. Applied twice to the same images, it gives the same result.
public struct DrawnPerturbation: Sendable, CustomStringConvertible {
  /// The set that it comes from.
  public let set: PerturbationSet
  /// The parameters, each within its bounds.
  public let vector: [Double]
  private let perturbation: any Perturbation
  private let random: CounterRandom

  /// Creates the perturbation with a vector.
  ///
  /// - Parameters:
  ///   - set: The kind and the severity.
  ///   - vector: A number for each parameter of the kind; missing ones are 0, and others are clipped to their bounds.
  ///   - random: For what is drawn for each voxel.
  public init(_ set: PerturbationSet, vector: [Double], random: CounterRandom) {
    self.set = set
    self.vector = set.kind.parameters.enumerated().map { index, parameter in
      let value = index < vector.count ? vector[index] : 0
      return min(max(value, parameter.bounds.lowerBound), parameter.bounds.upperBound)
    }
    perturbation = set.kind.type.init(self.vector)
    self.random = random
  }

  /// The names and values of the parameters, such as `exponent=-1.000 bend=0.312`.
  public var description: String {
    zip(set.kind.parameters, vector).map { "\($0.name)=\(String(format: "%.3f", $1))" }.joined(separator: " ")
  }

  /// Changes the images of a case. At severity 0 they stay as they are, bit for bit.
  ///
  /// - Parameter images: The images, at least one and all of one shape, as they are in their files.
  public func apply(to images: inout [Image]) {
    guard set.severity > 0 else { return }
    var acquisition = Acquisition(images)
    // So that the voxels are changed in place.
    images = []
    apply(to: &acquisition)
    images = acquisition.images
  }

  func apply(to acquisition: inout Acquisition) {
    guard set.severity > 0 else { return }
    var random = random
    perturbation.apply(to: &acquisition, severity: set.severity, random: &random)
  }

  /// The label map that fits the changed images. Only ``PerturbationKind/affine`` moves it.
  ///
  /// - Parameters:
  ///   - labels: The label map of the images as they were.
  ///   - spacing: The distance between voxel centers along (z, y, x), in mm.
  public func moved(_ labels: Volume<Int32>, spacing: [Double]) -> Volume<Int32> {
    set.severity > 0 ? perturbation.moved(labels, spacing: spacing, severity: set.severity) : labels
  }
}
