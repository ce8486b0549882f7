import Foundation

/// The machine that the program runs on.
public struct Machine: Sendable {
  /// Its name in the network.
  public let host: String
  /// The system and its kernel.
  public let system: String
  /// The processor's name.
  public let processor: String
  /// The number of cores that this process may use.
  public let cores: Int
  /// Its memory, in bytes.
  public let memory: Int

  /// This machine.
  public static let current = Machine()

  private init() {
    var name = utsname()
    uname(&name)
    func text<Characters>(_ characters: Characters) -> String {
      withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    host = text(name.nodename)
    let kernel = [text(name.sysname), text(name.release), text(name.machine)].joined(separator: " ")
    system = "\(ProcessInfo.processInfo.operatingSystemVersionString), \(kernel)"
    processor = Processor.current.model
    cores = ProcessInfo.processInfo.activeProcessorCount
    memory = Int(ProcessInfo.processInfo.physicalMemory)
  }
}
