#if MPI
  import CMPI
  import Files
  import Foundation

  /// The processes that `mpirun` or `srun` has started, exchanging data by MPI.
  ///
  /// MPI's own functions wait by spinning, which takes processors from those who compute. Here transfers are begun, and
  /// asked from time to time whether they are done.
  final class MPICommunicator: Communicator, @unchecked Sendable {
    let rank, size: Int
    /// For exchanges, gathered messages and gathered numbers: the order of calls counts within each of them.
    private let exchanges, gathers, numbers: MPI_Comm

    /// - Throws: `InputError` when MPI cannot be called from several threads.
    init() throws {
      guard mpi_start() != 0 else {
        throw InputError(
          "MPI", found: "a library that only one thread may call",
          expected: "one that allows it to several, one at a time",
          advice: "Use an Open MPI that was built with threads, as Debian's is.")
      }
      func number(_ function: (MPI_Comm?, UnsafeMutablePointer<Int32>?) -> Int32, of group: MPI_Comm) -> Int {
        var value: Int32 = 0
        _ = function(group, &value)
        return Int(value)
      }
      func copy() -> MPI_Comm {
        var copy: MPI_Comm?
        MPI_Comm_dup(mpi_world(), &copy)
        return copy!
      }
      rank = number(MPI_Comm_rank, of: mpi_world())
      size = number(MPI_Comm_size, of: mpi_world())
      (exchanges, gathers, numbers) = (copy(), copy(), copy())
    }

    func gather(_ values: [Double], counts: [Int]) -> [Double] {
      let total = counts.reduce(0, +)
      let (counts, starts) = (counts.map(Int32.init), counts.indices.map { Int32(counts[..<$0].reduce(0, +)) })
      return [Double](unsafeUninitializedCapacity: total) { all, initialized in
        values.withUnsafeBufferPointer { values in
          var request: MPI_Request?
          counts.withUnsafeBufferPointer { counts in
            starts.withUnsafeBufferPointer { starts in
              MPI_Iallgatherv(
                values.baseAddress, Int32(values.count), mpi_double(), all.baseAddress, counts.baseAddress,
                starts.baseAddress, mpi_double(), numbers, &request)
              // Numbers are awaited in every step, so the first looks come soon; a process may also wait for hours.
              var pause: UInt32 = 0
              while mpi_is_done(&request) == 0 {
                pause < 64 ? sched_yield() : usleep(min(pause / 64, 1000))
                pause += 1
              }
            }
          }
        }
        initialized = total
      }
    }

    func startExchange(_ message: Message, into received: Message) -> any Transfer {
      let transfer = MPITransfer([message, received])
      let part = Int32(message.bytes.count / size)
      MPI_Ialltoall(
        message.bytes.baseAddress, part, mpi_byte(), received.bytes.baseAddress, part, mpi_byte(), exchanges,
        &transfer.request)
      return transfer
    }

    func startGather(_ message: Message) -> any Transfer {
      let transfer = MPITransfer([message])
      let part = message.bytes.count / size
      // MPI does not allow that a part is read and written, except by saying that it is in its place.
      MPI_Iallgather(
        mpi_in_place(), 0, mpi_byte(), message.bytes.baseAddress, Int32(part), mpi_byte(), gathers, &transfer.request)
      return transfer
    }

    func abort(_ status: Int32) -> Never {
      MPI_Abort(mpi_world(), status)
      Foundation.exit(status)
    }

    func leave() { MPI_Finalize() }
  }

  private final class MPITransfer: Transfer {
    var request: MPI_Request?
    /// Must outlive the transfer.
    private let messages: [Message]

    init(_ messages: [Message]) { self.messages = messages }

    func isDone() -> Bool { mpi_is_done(&request) != 0 }
  }
#endif
