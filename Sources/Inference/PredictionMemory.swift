import Datasets
import Files
import Plans
import Tensors
import UNet

/// The memory of a prediction by a network that has yet to be trained.
public enum PredictionMemory {
  /// Checks by their headers that cases can be segmented, one at a time, with nnU-Net's options.
  ///
  /// - Parameters:
  ///   - cases: The cases; label files, if any, are not read.
  ///   - plan: The plan by which the network will be trained.
  ///   - description: The input channels and labels.
  ///   - engine: What will compute the convolutions.
  ///   - available: The memory that can be used, in bytes; by default what the system says.
  /// - Throws: `InputError` naming the first case that needs more, or whose images do not fit each other.
  public static func check(
    _ cases: [RawCase], plan: Plan, description: DatasetDescription, engine: Engine = .auto,
    available: Int = AvailableMemory.bytes
  ) throws {
    let outline = PredictionOutline(
      preprocessor: try Preprocessor(plan: plan, description: description), outputChannels: description.outputChannels,
      stepSize: Predictor.Options().stepSize)
    let architecture = try plan.configuration.architecture(
      inputChannels: description.channelNames.count, outputChannels: description.outputChannels)
    let network = try TensorMemory.bytes {
      _ = try Network(
        architecture, patch: plan.configuration.patchSize, batchSize: 1, training: false, engine: engine)
    }
    for rawCase in cases {
      let needs = try CaseNeeds(
        rawCase.name, rawCase.checkGeometry(), [outline], withProbabilities: false, postprocesses: false)
      guard network + needs.alone <= available else {
        throw needs.excess(network + needs.alone, available: available, file: rawCase.images[0])
      }
    }
  }
}
