/// Makes damaged files from sound ones.
struct Mutator {
  let reader: String
  let seeds: [[UInt8]]
  /// The share of the changes that know tokens of texts.
  let textShare: Double
  /// Inputs do not grow beyond this, so that each takes little time.
  static let maximumSize = 1 << 17

  /// The bytes of an input. The first inputs are the sound files themselves.
  func input(_ number: Int, seed: UInt64) -> [UInt8] {
    guard number >= seeds.count else { return seeds[number] }
    var random = FuzzRandom(reader: reader, seed: seed, input: number)
    var bytes = random.pick(seeds)
    // One change in most of the inputs, because each further one may hide what the others do.
    repeat {
      if random.chance(textShare) {
        TextMutation.change(&bytes, others: seeds, &random)
      } else {
        BinaryMutation.change(&bytes, others: seeds, &random)
      }
    } while random.chance(0.3)
    if bytes.count > Self.maximumSize { bytes.removeLast(bytes.count - Self.maximumSize) }
    return bytes
  }
}
