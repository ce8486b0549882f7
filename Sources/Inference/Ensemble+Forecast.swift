import Datasets
import Files

extension Ensemble {
  /// Looks at the headers of all images, and measures how long the networks take for a tile.
  ///
  /// - Parameters:
  ///   - cases: The cases.
  ///   - withProbabilities: Whether predictions will contain the probabilities of all output channels.
  ///   - available: The memory that can be used, in bytes; all that is free when left out.
  /// - Throws: `InputError` when a case needs more memory than that.
  func forecast(_ cases: [RawCase], withProbabilities: Bool, available: Int? = nil) throws -> PredictionForecast {
    var forecast = PredictionForecast()
    guard !cases.isEmpty else { return forecast }
    // A pass comes first, so that the memory which the networks take themselves is no longer free.
    let secondsPerPass = predictors.map { $0.secondsPerPass() }
    forecast.availableBytes = available ?? AvailableMemory.bytes
    var (prepare, compute, finish, alone) = (0, 0, 0, 0)
    for rawCase in cases {
      let needs: CaseNeeds
      do {
        needs = try CaseNeeds(
          rawCase.name, rawCase.checkGeometry(), predictors, withProbabilities: withProbabilities,
          postprocesses: postprocessing != nil)
      } catch let error as InputError {
        forecast.failures.append(error)
        continue
      }
      guard needs.alone <= forecast.availableBytes else {
        throw Self.tooLarge(rawCase, needs.alone, forecast.availableBytes, withProbabilities: withProbabilities)
      }
      (prepare, compute) = (max(prepare, needs.prepare), max(compute, needs.compute))
      (finish, alone) = (max(finish, needs.finish), max(alone, needs.alone))
      for (index, predictor) in predictors.enumerated() {
        let passes = needs.tiles[index] * predictor.passesPerTile
        forecast.tiles += needs.tiles[index]
        forecast.passes += passes
        forecast.seconds += secondsPerPass[index] * Double(passes)
      }
      forecast.caseCount += 1
    }
    let together = prepare + compute + finish
    forecast.overlaps = forecast.caseCount > 1 && together <= forecast.availableBytes
    forecast.bytes = forecast.overlaps ? together : alone
    return forecast
  }

  private static func tooLarge(_ rawCase: RawCase, _ needed: Int, _ available: Int, withProbabilities: Bool)
    -> InputError
  {
    let memory = PredictionForecast.memory
    return InputError(
      rawCase.images.first?.path ?? rawCase.name,
      found: "an image that needs \(memory(needed)) of memory to be segmented",
      expected: "one that needs at most the \(memory(available)) that are free",
      advice: "Crop the image or give it larger voxels, or use a machine with more memory"
        + (withProbabilities ? ", or do not save probabilities." : "."))
  }
}
