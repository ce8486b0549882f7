import NIfTI

/// One made-up patient.
struct PhantomCase {
  /// One volume a channel.
  var images: [Volume<Float>]
  var labels: Volume<Int32>
  var geometry: Geometry
}

/// How patients of one kind are made.
protocol PhantomRecipe: Sendable {
  /// What `dataset.json` says.
  static var channels: [String] { get }
  /// Label values from 1 on.
  static var labels: [String] { get }
  static var majority: String { get }
  static var minority: String { get }

  /// The patient number `patient` of a seed; the same arguments give the same voxels.
  static func make(patient: Int, isMinority: Bool, seed: UInt64) -> PhantomCase
}
