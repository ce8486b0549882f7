import Datasets
import Files
import Foundation
import Plans
import Tensors

/// A training run: the plan, the data, and the folder for the model.
public struct TrainingTask: Sendable {
  /// The network, the patches and the settings of the training.
  public var plan: Plan
  /// The input channels and labels of the data set.
  public var description: DatasetDescription
  /// The preprocessed cases.
  public var store: PreprocessedStore
  /// The names of the training and validation cases; there may be no validation cases.
  public var split: Split
  /// The group of each case that has one, by the name of the case, for logs and for samplers that know groups.
  public var groups: [String: String]
  /// The names of the training cases that are known to be annotated right, for methods that learn from them.
  public var cleanCases: [String]
  /// The folder for `plans.json`, `dataset.json`, checkpoints and logs.
  public var folder: ModelFolder
  /// What computes the convolutions.
  public var engine: Engine
  /// The number format of activations and convolutions.
  public var precision: Precision
  /// The number format in which several processes exchange gradients.
  public var gradientPrecision = Precision.float32
  /// Whether to resume an interrupted run from its last checkpoint; without one, a new run starts.
  public var resumes: Bool
  /// Whether a model that exists in the folder may be replaced.
  public var overwrites: Bool
  /// A file of weights to start from, safetensors or nnU-Net's `.pth`, for the same architecture.
  ///
  /// As in nnU-Net, the layers that compute the logits are not loaded. Not used when a run is resumed.
  public var initialWeights: URL?

  /// Creates a task; by default a new run in float32 from random weights.
  public init(
    plan: Plan, description: DatasetDescription, store: PreprocessedStore, split: Split,
    groups: [String: String] = [:], cleanCases: [String] = [], folder: ModelFolder, engine: Engine = .auto,
    precision: Precision = .float32,
    resumes: Bool = false, overwrites: Bool = false, initialWeights: URL? = nil
  ) {
    self.plan = plan
    self.description = description
    self.store = store
    self.split = split
    self.groups = groups
    self.cleanCases = cleanCases
    self.folder = folder
    self.engine = engine
    self.precision = precision
    self.resumes = resumes
    self.overwrites = overwrites
    self.initialWeights = initialWeights
  }
}
