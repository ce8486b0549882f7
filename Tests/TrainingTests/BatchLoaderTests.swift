import Files
import Foundation
import Testing

@testable import Training

/// Protects the batches: their content depends only on the request, and the loader's errors reach the caller.
struct BatchLoaderTests {
  private func request(_ iteration: Int, _ kind: BatchRequest.Kind = .training) -> BatchRequest {
    BatchRequest(kind: kind, iteration: iteration, cases: [iteration % 2, 1])
  }

  /// Batches are the same with and without the loader's thread, in any order and with any timing.
  @Test func batchesDoNotDependOnTiming() throws {
    let tiny = try TinyTraining()
    let maker = try BatchMaker(try tiny.task("model"))
    let expected = try (0..<6).map { try maker.batch(request($0)) }
    let loader = BatchLoader { request in
      if request.iteration % 2 == 0 { Thread.sleep(forTimeInterval: 0.01) }
      return try maker.batch(request)
    }
    for iteration in [3, 0, 5, 1, 4, 2] {
      loader.prepare(request(iteration))
      if iteration % 3 == 0 { Thread.sleep(forTimeInterval: 0.01) }
      let batch = try #require(try loader.next())
      #expect(batch.images == expected[iteration].images)
      #expect(batch.labels == expected[iteration].labels)
      #expect(batch.cases == expected[iteration].cases)
    }
    #expect(expected[0].images != expected[2].images)
  }

  /// A stored label that dataset.json does not name is refused when a batch is made, of patches or of whole cases.
  @Test func unknownLabelsAreRefused() throws {
    let tiny = try TinyTraining { label, distance in label == 1 && distance > 0 ? 7 : label }
    let maker = try BatchMaker(try tiny.task("model"))
    let errors = [
      #expect(throws: InputError.self) { try maker.batch(of: maker.tiles(.validation), .validation) },
      #expect(throws: InputError.self) {
        for iteration in 0..<20 { _ = try maker.batch(request(iteration, .validation)) }
      },
    ]
    for error in errors {
      let text = try #require(error).description
      #expect(text.contains("case case_") && text.contains("the label 7") && text.contains("0 to 1"))
    }
  }

  /// Validation patches are cut out but not augmented: each is found in its case voxel by voxel.
  @Test func validationPatchesAreCut() throws {
    let tiny = try TinyTraining()
    let maker = try BatchMaker(try tiny.task("model"))
    let batch = try maker.batch(request(0, .validation))
    let stored = try tiny.task("model").store.case("case_4")
    let found = try (0...2).contains { z in
      try (0...6).contains { y in
        try (0...4).contains { x in
          let patch = try stored.withRegion(lower: [z, y, x], size: [12, 12, 12]) { $0.center([12, 12, 12]) }
          return patch.image == Array(batch.images[..<1728])
            && patch.labels.map { max($0, 0) } == Array(batch.labels[..<1728])
        }
      }
    }
    #expect(found)
  }

  /// The second of two samples has foreground at its center.
  @Test func forcedSamplesShowForeground() throws {
    let tiny = try TinyTraining()
    tiny.settings.augmentation = .none
    let maker = try BatchMaker(try tiny.task("model"))
    for iteration in 0..<10 {
      #expect(try maker.batch(request(iteration)).labels[1728 + (6 * 12 + 6) * 12 + 6] == 1)
    }
  }

  @Test func errorsArrive() {
    struct Broken: Error {}
    let loader = BatchLoader { _ in throw Broken() }
    loader.prepare(request(0))
    #expect(throws: Broken.self) { try loader.next() }
    #expect(loader.pending.isEmpty)
  }
}
