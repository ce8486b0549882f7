import Datasets
import Files
import Foundation

extension Ensemble {
  /// Where the networks have fewer multiplications and additions ahead than this, some minutes of two cores, one more
  /// pass to measure their time would delay them noticeably.
  private static let littleWork = 1e14

  /// Looks at the headers of all images, and measures how long the networks take for a tile, unless little work is
  /// ahead and memory is plentiful.
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
    let outlines = predictors.map(\.outline)
    var all: [(file: URL, needs: CaseNeeds)] = []
    for rawCase in cases {
      do {
        let needs = try CaseNeeds(
          rawCase.name, rawCase.checkGeometry(), outlines, withProbabilities: withProbabilities,
          postprocesses: postprocessing != nil, bodyBytes: bodyBytes)
        all.append((rawCase.images[0], needs))
      } catch let error as InputError {
        forecast.failures.append(error)
      }
    }
    guard !all.isEmpty else { return forecast }
    let tiles = predictors.indices.map { index in times * all.reduce(0) { $0 + $1.needs.tiles[index] } }
    let passes = zip(predictors, tiles).map { $0.passesPerTile * $1 }
    (forecast.caseCount, forecast.tiles) = (times * all.count, tiles.reduce(0, +))
    forecast.passes = passes.reduce(0, +)
    // With their first pass networks take some more memory, though less than the program holds already.
    let largest = all.map(\.needs.alone).max() ?? 0
    let isScarce = ProcessMemory.resident + largest > available ?? AvailableMemory.bytes
    let work = zip(predictors, passes).reduce(0) { $0 + Double($1.0.operationsPerPass) * Double($1.1) }
    if work >= Self.littleWork || isScarce {
      forecast.seconds = zip(predictors, passes).reduce(0) { $0 + $1.0.secondsPerPass() * Double($1.1) }
    }
    let held = ProcessMemory.resident
    forecast.availableBytes = held + (available ?? AvailableMemory.bytes)
    var (prepare, compute, finish, alone) = (0, 0, 0, 0)
    for (file, needs) in all {
      guard held + needs.alone <= forecast.availableBytes else {
        throw needs.excess(held + needs.alone, available: forecast.availableBytes, file: file)
      }
      (prepare, compute) = (max(prepare, needs.prepare), max(compute, needs.compute))
      (finish, alone) = (max(finish, needs.finish), max(alone, needs.alone))
      if withProbabilities { forecast.probabilityBytes += times * needs.probabilities }
    }
    let together = held + prepare + compute + finish
    forecast.overlaps = forecast.caseCount > 1 && together <= forecast.availableBytes
    forecast.bytes = forecast.overlaps ? together : held + alone
    return forecast
  }
}
