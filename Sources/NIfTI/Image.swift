/// One channel of a case: intensities and where they lie in the patient.
public struct Image: Sendable, Equatable {
  /// The intensities, with the header's scaling applied.
  public var volume: Volume<Float>
  /// Where the voxels lie; it has the shape of `volume`.
  public var geometry: Geometry

  /// Creates an image from its intensities and their geometry.
  public init(volume: Volume<Float>, geometry: Geometry) {
    self.volume = volume
    self.geometry = geometry
  }
}
