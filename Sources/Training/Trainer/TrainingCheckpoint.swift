import Files
import Foundation
import HardnessWeighting
import TensorFiles
import Tensors
import UNet

/// Reads and writes the checkpoints of a training run.
///
/// A checkpoint is a safetensors file with the network's weights under nnU-Net's names, the velocities of the
/// optimizer, and in its metadata, as JSON, the states of the run, of the sampler and of the methods. One file
/// holds everything, so that the parts always belong together.
package enum TrainingCheckpoint {
  /// Writes the weights only, for prediction.
  ///
  /// - Throws: `InputError` when the file cannot be written.
  static func write(_ weights: [Safetensors.Tensor], epoch: Int, to url: URL) throws {
    try Safetensors.write(weights, metadata: ["epoch": String(epoch)], to: url)
  }

  /// Writes everything that is needed to resume a run.
  ///
  /// - Throws: `InputError` when the file cannot be written.
  package static func write(
    network: Network, optimizer: SGD, average: WeightAverage?, state: TrainingState, sampler: any CaseSampler,
    methods: [any TrainingMethod], to url: URL
  ) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // β can be infinite, for which JSON has no number.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    var metadata = [
      "epoch": String(state.epoch), "training_state": String(decoding: try encoder.encode(state), as: UTF8.self),
      "sampler_state": String(decoding: try encoded(sampler, cases: state.cases, encoder), as: UTF8.self),
    ]
    for method in methods {
      metadata[key(method)] = String(decoding: try encoder.encode(method.state), as: UTF8.self)
    }
    try Safetensors.write(
      network.weights() + optimizer.state() + (average?.state() ?? []), metadata: metadata, to: url)
  }

  /// Opens the first of several checkpoints that is not damaged.
  ///
  /// - Parameters:
  ///   - urls: The files, of which the first is preferred.
  ///   - report: Receives what is wrong with a file that is passed over.
  /// - Throws: `InputError` when all are damaged or missing.
  static func open(_ urls: [URL], report: (String) -> Void) throws -> Safetensors {
    for url in urls.dropLast() {
      do {
        let file = try Safetensors(contentsOf: url)
        try file.checkIntegrity()
        return file
      } catch let error as InputError {
        guard urls.dropFirst().contains(where: { FileManager.default.fileExists(atPath: $0.path) }) else { throw error }
        report("\(error) Using the checkpoint before it.")
      }
    }
    let file = try Safetensors(contentsOf: urls[urls.count - 1])
    try file.checkIntegrity()
    return file
  }

  /// The seconds that each epoch took which was done when a checkpoint was written.
  ///
  /// - Throws: `InputError` when the file is damaged.
  static func seconds(_ file: Safetensors) throws -> [Double] { try state(file).history.map(\.seconds) }

  private static func state(_ file: Safetensors) throws -> TrainingState {
    guard let text = file.metadata["training_state"],
      let state = try? decoder.decode(TrainingState.self, from: Data(text.utf8)),
      state.history.allSatisfy({ $0.seconds.isFinite && $0.seconds >= 0 })
    else { throw unusableError(file.url) }
    return state
  }

  private static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }

  /// Restores a run to the state in which the file was written.
  ///
  /// - Throws: `InputError` when the file is damaged, or belongs to another network, other cases, another sampler or
  ///   other methods.
  package static func read(
    _ file: Safetensors, network: Network, optimizer: SGD, average: WeightAverage?, state: inout TrainingState,
    sampler: inout any CaseSampler, methods: inout [any TrainingMethod]
  ) throws {
    let url = file.url
    let stored = try self.state(file)
    guard let samplerText = file.metadata["sampler_state"], stored.isConsistent(batchSize: network.wholeBatchSize)
    else {
      throw unusableError(url)
    }
    guard stored.cases == state.cases else {
      throw InputError(
        url.path, found: "a run on \(stored.cases.count) other cases",
        expected: "the \(state.cases.count) cases of this fold",
        advice: "Resume with the data set, the fold and the splits of the first call.")
    }
    guard let storedSampler = try? decoded(sampler, Data(samplerText.utf8), cases: state.cases, decoder) else {
      throw unusableError(url)
    }
    let storedMethods = try methods.map { method in
      guard let text = file.metadata[key(method)] else { throw unusableError(url) }
      return try restored(method, Data(text.utf8), decoder, url)
    }
    try network.load(file)
    try optimizer.load(file)
    try average?.load(file)
    (state, sampler, methods) = (stored, storedSampler, storedMethods)
  }

  /// The key of a method's state in the metadata.
  private static func key(_ method: any TrainingMethod) -> String { "method_state/\(method.name)" }

  private static func restored<Method: TrainingMethod>(
    _ method: Method, _ data: Data, _ decoder: JSONDecoder, _ url: URL
  ) throws -> any TrainingMethod {
    guard let state = try? decoder.decode(Method.State.self, from: data) else { throw unusableError(url) }
    var method = method
    try method.restore(state, from: url)
    return method
  }

  private static func unusableError(_ url: URL) -> InputError {
    InputError(
      url.path, found: "no usable state of a training run", expected: "a checkpoint_latest that this version wrote")
  }

  private static func encoded<Sampler: CaseSampler>(
    _ sampler: Sampler, cases: [String], _ encoder: JSONEncoder
  ) throws -> Data {
    try encoder.encode(SamplerArchive(sampler, caseNames: cases))
  }

  private static func decoded<Sampler: CaseSampler>(
    _: Sampler, _ data: Data, cases: [String], _ decoder: JSONDecoder
  ) throws -> any CaseSampler {
    try decoder.decode(SamplerArchive<Sampler>.self, from: data).sampler(for: cases)
  }
}
