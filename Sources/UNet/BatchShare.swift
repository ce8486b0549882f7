/// A part of a batch, of which other processes compute the rest.
public struct BatchShare {
  /// The positions of the own samples in the whole batch.
  public let positions: Range<Int>
  /// The number of samples in the whole batch.
  public let batchSize: Int
  /// Completes numbers of the own samples, as many for each of them, with those of the other samples, in the order of
  /// the batch.
  private let gather: ([Double]) -> [Double]

  /// Creates a part of a batch.
  ///
  /// - Parameters:
  ///   - positions: The positions of the own samples in the whole batch.
  ///   - batchSize: The number of samples in the whole batch.
  ///   - gather: Completes numbers of the own samples, as many for each of them, with those of the other samples, in
  ///     the order of the batch. All processes must call it equally often.
  public init(positions: Range<Int>, of batchSize: Int, gather: @escaping ([Double]) -> [Double]) {
    (self.positions, self.batchSize, self.gather) = (positions, batchSize, gather)
  }

  /// Completes several lists at once: a message takes long, however short it is.
  func complete(_ lists: [[Double]]) -> [[Double]] {
    let counts = lists.map { $0.count / positions.count }
    var message: [Double] = []
    for sample in positions.indices.map({ $0 - positions.lowerBound }) {
      for (list, count) in zip(lists, counts) { message += list[sample * count..<(sample + 1) * count] }
    }
    var all = gather(message)[...]
    var completed = lists.map { _ in [Double]() }
    while !all.isEmpty {
      for (index, count) in counts.enumerated() {
        completed[index] += all.prefix(count)
        all = all.dropFirst(count)
      }
    }
    return completed
  }
}
