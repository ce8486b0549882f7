import Datasets
import Files

extension Ensemble {
  /// Looks at the headers of all images, and measures how long the networks take for a tile.
  ///
  /// - Parameters:
  ///   - cases: The cases.
  ///   - times: How often each case will be predicted.
  ///   - withProbabilities: Whether predictions will contain the probabilities of all output channels.
  ///   - bodyBytes: The memory that the body of the prediction takes for each voxel of an image file.
  ///   - available: The memory that can be used beside what is held already, in bytes; by default what the system
  ///     says.
  /// - Throws: `InputError` when a case needs more memory than that.
  public func forecast(
    _ cases: [RawCase], times: Int = 1, withProbabilities: Bool, bodyBytes: Int = 0, available: Int? = nil
  ) throws -> PredictionForecast {
    var forecast = PredictionForecast()
    guard !cases.isEmpty else { return forecast }
    // A pass comes first, so that the program holds all the memory that the networks take.
    let secondsPerPass = predictors.map { $0.secondsPerPass() }
    let held = ProcessMemory.resident
    forecast.availableBytes = held + (available ?? AvailableMemory.bytes)
    let outlines = predictors.map(\.outline)
    var (prepare, compute, finish, alone) = (0, 0, 0, 0)
    for rawCase in cases {
      let needs: CaseNeeds
      do {
        needs = try CaseNeeds(
          rawCase.name, rawCase.checkGeometry(), outlines, withProbabilities: withProbabilities,
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
        let tiles = times * needs.tiles[index]
        let passes = tiles * predictor.passesPerTile
        forecast.tiles += tiles
        forecast.passes += passes
        forecast.seconds += secondsPerPass[index] * Double(passes)
      }
      if withProbabilities { forecast.probabilityBytes += times * needs.probabilities }
      forecast.caseCount += times
    }
    let together = held + prepare + compute + finish
    forecast.overlaps = forecast.caseCount > 1 && together <= forecast.availableBytes
    forecast.bytes = forecast.overlaps ? together : held + alone
    return forecast
  }
}
