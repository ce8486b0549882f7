import Datasets
import NIfTI

/// What the networks say about a case.
struct CaseLogits: Sendable {
  let name: String
  /// Of the case's first channel.
  let geometry: Geometry
  /// Each training's, on the grid that its preprocessing made.
  let trainings: [(logits: TileAccumulator, properties: CaseProperties)]
}
