import Testing

@testable import Statistics

/// Protects the equality of random numbers with those of NumPy's `RandomState`, which printed the expected values.
@Suite struct NumPyRandomTests {
  @Test func words() {
    var random = NumPyRandom(seed: 1234)
    #expect([random.next(), random.next(), random.next()] == [822_569_775, 2_137_449_171, 2_671_936_806])
    random = NumPyRandom(seed: 12345)
    #expect([random.next(), random.next(), random.next()] == [3_992_670_690, 3_823_185_381, 1_358_822_685])
  }

  /// More than one regeneration of the state: word 1300 of seed 1234.
  @Test func wordsAfterRegeneration() {
    var random = NumPyRandom(seed: 1234)
    for _ in 0..<1299 { _ = random.next() }
    #expect(random.next() == 3_232_948_240)
  }

  @Test func permutationsAndChoices() {
    var random = NumPyRandom(seed: 1234)
    #expect(random.choice(10, 10) == [7, 2, 9, 1, 0, 8, 4, 5, 6, 3])
    random = NumPyRandom(seed: 1234)
    #expect((0..<10).map { _ in random.integer(upTo: 99) } == [47, 83, 38, 53, 76, 24, 15, 49, 23, 26])
    random = NumPyRandom(seed: 12345)
    #expect(random.permutation(10) == [0, 7, 3, 9, 6, 4, 1, 8, 5, 2])
  }

  @Test func noChoiceTakesNoBits() {
    var random = NumPyRandom(seed: 1234)
    #expect(random.integer(upTo: 0) == 0)
    #expect(random.next() == 822_569_775)
  }
}
