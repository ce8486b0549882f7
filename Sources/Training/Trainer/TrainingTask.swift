import Datasets
import Files
import Foundation
import Plans
import Tensors

/// What is to be trained, on what, and where the model goes.
public struct TrainingTask: Sendable {
  /// Network, patches and training settings.
  public var plan: Plan
  public var description: DatasetDescription
  /// The preprocessed cases.
  public var store: PreprocessedStore
  /// The fold's cases by name. Validation cases may be none.
  public var split: Split
  /// The group of each case that has one, for logs and for strategies that know groups.
  public var groups: [String: String]
  /// The model folder: plans, dataset.json, checkpoints and logs.
  public var folder: ModelFolder
  public var engine: Engine
  /// Of activations and convolutions.
  public var precision: Precision
  /// Takes an interrupted run up again where its last checkpoint stands; starts anew when there is none.
  public var resumes: Bool
  /// Whether a model that is already in the folder may be replaced.
  public var overwrites: Bool
  /// Weights of the same architecture to start from, safetensors or nnU-Net's `.pth`; the heads start anew as in
  /// nnU-Net. Not used when a checkpoint is taken up.
  public var initialWeights: URL?

  public init(
    plan: Plan, description: DatasetDescription, store: PreprocessedStore, split: Split,
    groups: [String: String] = [:], folder: ModelFolder, engine: Engine = .auto, precision: Precision = .float32,
    resumes: Bool = false, overwrites: Bool = false, initialWeights: URL? = nil
  ) {
    self.plan = plan
    self.description = description
    self.store = store
    self.split = split
    self.groups = groups
    self.folder = folder
    self.engine = engine
    self.precision = precision
    self.resumes = resumes
    self.overwrites = overwrites
    self.initialWeights = initialWeights
  }
}
