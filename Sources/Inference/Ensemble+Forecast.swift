import Datasets
import Files

extension Ensemble {
  /// Looks at the headers of all images, and measures how long the networks take for a tile.
  ///
  /// - Parameters:
  ///   - cases: The cases.
  ///   - withProbabilities: Whether predictions will contain the probabilities of all output channels.
  ///   - bodyBytes: The memory that the body of the prediction takes for each voxel of an image file.
  ///   - available: The memory that can be used beside what is held already, in bytes; by default what the system
  ///     says.
  /// - Throws: `InputError` when a case needs more memory than that.
  public func forecast(
    _ cases: [RawCase], withProbabilities: Bool, bodyBytes: Int = 0, available: Int? = nil
  ) throws -> PredictionForecast {
    var forecast = PredictionForecast()
    guard !cases.isEmpty else { return forecast }
    // A pass comes first, so that the program holds all the memory that the networks take.
    let secondsPerPass = predictors.map { $0.secondsPerPass() }
    let held = ProcessMemory.resident
    forecast.availableBytes = held + (available ?? AvailableMemory.bytes)
    var (prepare, compute, finish, alone) = (0, 0, 0, 0)
    for rawCase in cases {
      let needs: CaseNeeds
      do {
        needs = try CaseNeeds(
          rawCase.name, rawCase.checkGeometry(), predictors.map(\.outline), withProbabilities: withProbabilities,
          postprocesses: postprocessing != nil, bodyBytes: bodyBytes)
      } catch let error as InputError {
        forecast.failures.append(error)
        continue
      }
      guard held + needs.alone <= forecast.availableBytes else {
        throw needs.excess(held + needs.alone, available: forecast.availableBytes, file: rawCase.images[0])
      }
      (prepare, compute) = (max(prepare, needs.prepare), max(compute, needs.compute))
      (finish, alone) = (max(finish, needs.finish), max(alone, needs.alone))
      for (index, predictor) in predictors.enumerated() {
        let passes = needs.tiles[index] * predictor.passesPerTile
        forecast.tiles += needs.tiles[index]
        forecast.passes += passes
        forecast.seconds += secondsPerPass[index] * Double(passes)
      }
      if withProbabilities { forecast.probabilityBytes += needs.probabilities }
      forecast.caseCount += 1
    }
    let together = held + prepare + compute + finish
    forecast.overlaps = forecast.caseCount > 1 && together <= forecast.availableBytes
    forecast.bytes = forecast.overlaps ? together : held + alone
    return forecast
  }
}
