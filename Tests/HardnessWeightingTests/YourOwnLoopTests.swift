import HardnessWeighting
import Testing

/// Guards the ten lines of the article on training loops, with a model that learns one case at a time.
struct YourOwnLoopTests {
  /// Each visit lowers the loss of a case by a tenth, and one case in ten starts four times as hard. The hard cases are
  /// drawn more often than the others until they have been learned as well.
  @Test func hardMinorityIsLearned() throws {
    let cases = Array(0..<50)
    var difficulty = cases.map { $0 % 10 == 0 ? 4.0 : 1.0 }
    func train(on batch: [Int]) -> [Double] {
      batch.map { index in
        difficulty[index] *= 0.9
        return difficulty[index]
      }
    }
    let (epochs, iterations, batchSize) = (8, 50, 2)
    var shares: [Double] = []

    var options = HardnessOptions(beta: .fixed(3))
    options.refresh = 0.1
    var sampler = try HardnessWeightedSampler(caseCount: cases.count, options: options, seed: 1)
    for epoch in 0..<epochs {
      sampler.beginEpoch(epoch)
      var hard = 0
      for _ in 0..<iterations {
        let batch = try sampler.draw(batchSize)
        let losses = train(on: batch.map { cases[$0] })
        try sampler.record(losses: losses, for: batch)
        hard += batch.filter { $0 % 10 == 0 }.count
      }
      shares.append(Double(hard) / Double(iterations * batchSize))
    }
    // After the first sweep, the hard tenth takes most draws, and fewer as it is learned.
    #expect(shares.max() ?? 0 > 0.4)
    #expect(shares[epochs - 1] < 0.2)
    let easy = (0..<50).filter { $0 % 10 != 0 }.map { difficulty[$0] }.max() ?? 0
    #expect((0..<5).allSatisfy { difficulty[$0 * 10] < 1.5 * easy })
  }
}
