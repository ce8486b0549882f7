/// One channel of a case: intensities and where they lie in the patient.
public struct Image: Sendable, Equatable {
  public var volume: Volume<Float>
  public var geometry: Geometry

  public init(volume: Volume<Float>, geometry: Geometry) {
    self.volume = volume
    self.geometry = geometry
  }
}
