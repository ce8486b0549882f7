import NIfTI

/// The volumes of one synthetic patient.
struct PhantomCase {
  /// One volume for each channel.
  var images: [Volume<Float>]
  var labels: Volume<Int32>
  var geometry: Geometry
}

/// A kind of synthetic patient.
protocol PhantomRecipe: Sendable {
  /// The names of the channels, for `dataset.json`.
  static var channels: [String] { get }
  /// The names of the labels 1, 2, ... in this order, for `dataset.json`.
  static var labels: [String] { get }
  /// The name of the common group.
  static var majority: String { get }
  /// The name of the rare group.
  static var minority: String { get }

  /// Makes a patient. The same arguments give the same voxels.
  static func make(patient: Int, isMinority: Bool, seed: UInt64) -> PhantomCase
}
