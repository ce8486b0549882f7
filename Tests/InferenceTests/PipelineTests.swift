import Dispatch
import Synchronization
import Testing

@testable import Inference

/// Protects the pipeline: its steps overlap, and results, their order and the reported error are those of a plain loop.
@Suite struct PipelineTests {
  enum Step: CaseIterable { case prepare, compute, finish }

  struct Failure: Error, Equatable {
    let step: Step
    let item: Int
  }

  /// Runs steps that record their items and throw the given failures.
  private func run(
    _ count: Int, failures: [Failure] = [], overlaps: Bool = true
  ) -> (taken: [Step: [Int]], error: Failure?) {
    let taken = Mutex<[Step: [Int]]>([:])
    @Sendable func take(_ item: Int, _ step: Step) throws -> Int {
      taken.withLock { $0[step, default: []].append(item) }
      if let failure = failures.first(where: { $0 == Failure(step: step, item: item) }) { throw failure }
      return item
    }
    var error: (any Error)?
    do {
      try Pipeline<Int, Int, Int>(
        overlaps: overlaps, prepare: { try take($0, .prepare) }, compute: { try take($0, .compute) },
        finish: { _ = try take($0, .finish) }
      ).run(Array(0..<count))
    } catch let thrown { error = thrown }
    return (taken.withLock(\.self), error as? Failure)
  }

  @Test(arguments: [0, 1, 2, 3, 50], [false, true])
  func everyStepTakesEveryItemInOrder(count: Int, overlaps: Bool) {
    let (taken, error) = run(count, overlaps: overlaps)
    #expect(error == nil)
    for step in Step.allCases { #expect(taken[step] ?? [] == Array(0..<count)) }
  }

  @Test(arguments: Step.allCases, [0, 2, 4])
  func itemsBeforeAnErrorAreFinished(step: Step, item: Int) {
    let failure = Failure(step: step, item: item)
    let (taken, error) = run(5, failures: [failure])
    #expect(error == failure)
    #expect(taken[.finish] ?? [] == Array(0..<(step == .finish ? item + 1 : item)))
    #expect(taken[.prepare]?.count ?? 0 <= item + 3)
  }

  /// Without overlap, nothing that comes after an error in a plain loop is begun.
  @Test(arguments: Step.allCases)
  func nothingBeginsAfterAnErrorWithoutOverlap(step: Step) {
    let (taken, error) = run(5, failures: [Failure(step: step, item: 2)], overlaps: false)
    #expect(error == Failure(step: step, item: 2))
    #expect(taken[.prepare]?.count == 3)
    #expect(taken[.finish]?.count == (step == .finish ? 3 : 2))
  }

  /// As in a plain loop, the error of the first item is reported, not the first error in time.
  @Test func theErrorOfTheFirstItemIsReported() {
    let first = Failure(step: .finish, item: 1)
    #expect(run(5, failures: [.init(step: .compute, item: 2), first, .init(step: .prepare, item: 3)]).error == first)
    let prepared = Failure(step: .prepare, item: 2)
    #expect(run(5, failures: [.init(step: .prepare, item: 3), prepared]).error == prepared)
  }

  /// An item's second step waits for the next item's first step and the previous item's third: a plain loop would hang.
  @Test func stepsOverlap() throws {
    let (prepared, finishing) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    let (limit, count) = (DispatchTime.now() + 60, 5)
    try Pipeline<Int, Int, Int>(
      prepare: {
        prepared.signal()
        return $0
      },
      compute: {
        // The first item waits for its own preparation too; each but the last waits for the next item's.
        if $0 == 0 { #expect(prepared.wait(timeout: limit) == .success) }
        if $0 < count - 1 { #expect(prepared.wait(timeout: limit) == .success) }
        if $0 > 0 { #expect(finishing.wait(timeout: limit) == .success) }
        return $0
      },
      finish: { _ in finishing.signal() }
    ).run(Array(0..<count))
  }

  /// Memory holds at most one item for each step, and one in all without overlap.
  @Test(arguments: [(true, 3), (false, 1)])
  func fewItemsAreUnderWay(overlaps: Bool, limit: Int) throws {
    let underWay = Mutex((now: 0, most: 0))
    try Pipeline<Int, Int, Int>(
      overlaps: overlaps,
      prepare: { item in
        underWay.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        return item
      },
      compute: { $0 }, finish: { _ in underWay.withLock { $0.now -= 1 } }
    ).run(Array(0..<200))
    #expect(underWay.withLock { $0.now == 0 && $0.most <= limit })
  }
}
