import Datasets
import NIfTI

/// The logits that the networks give one case.
struct CaseLogits: Sendable {
  let name: String
  /// The geometry of the case's first input channel.
  let geometry: Geometry
  /// For each training, the logits on its preprocessed grid, and what preprocessing did to reach that grid.
  let trainings: [(logits: TileAccumulator, properties: CaseProperties)]
}
