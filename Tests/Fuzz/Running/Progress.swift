import Foundation

/// What a worker has done, in memory that it shares with the process that watches it and that outlives it.
final class Progress {
  /// The numbers that are shared.
  enum Field: Int, CaseIterable {
    /// The input being read.
    case current
    /// The worker's processor time at which it began to read it, in nanoseconds.
    case start
    case accepted
    case refused
    /// The processor time of the slowest input in nanoseconds, and its number.
    case slowest
    case slowestInput
    /// The largest resident memory of a worker in bytes.
    case memory
  }

  private let numbers: UnsafeMutablePointer<Int>
  private static let size = Field.allCases.count * MemoryLayout<Int>.size

  /// Maps a file, which is created where there is none.
  init(_ file: URL) throws {
    let descriptor = open(file.path, O_RDWR | O_CREAT, 0o644)
    guard descriptor >= 0, ftruncate(descriptor, off_t(Self.size)) == 0,
      let memory = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED
    else { throw WorkbenchError(file.path, errno) }
    close(descriptor)
    numbers = memory.bindMemory(to: Int.self, capacity: Field.allCases.count)
  }

  deinit { munmap(numbers, Self.size) }

  subscript(field: Field) -> Int {
    get { numbers[field.rawValue] }
    set { numbers[field.rawValue] = newValue }
  }
}
