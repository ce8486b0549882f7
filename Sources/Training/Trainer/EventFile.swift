import Files
import Foundation

/// A file of scalar values that TensorBoard reads: `events.out.tfevents.*` in the model folder.
///
/// The format is TensorFlow's: records of a length, its checksum, a protocol buffer message `Event` and its checksum.
/// TensorBoard follows a file that grows, so events are appended; every process has a file of its own, and TensorBoard
/// drops what a resumed training repeats.
final class EventFile {
  private let handle: FileHandle
  private let path: String

  /// Creates the file.
  ///
  /// - Parameters:
  ///   - folder: The model folder.
  ///   - time: The present, in seconds since 1970; part of the name.
  /// - Throws: `InputError` when the file cannot be created.
  init(in folder: URL, time: Double = Date().timeIntervalSince1970) throws {
    // TensorBoard orders files by the number after "tfevents."; the process keeps two files of one second apart.
    let name = "events.out.tfevents.\(Int(time)).hwsseg.\(ProcessInfo.processInfo.processIdentifier)"
    path = folder.appendingPathComponent(name).path
    guard FileManager.default.createFile(atPath: path, contents: nil), let handle = FileHandle(forWritingAtPath: path)
    else {
      throw InputError(path, found: "a place that cannot be written", expected: "a folder for TensorBoard's events")
    }
    self.handle = handle
    // The first event of a file names the version of the format.
    try append(Message().double(1, time).bytes(3, Data("brain.Event:2".utf8)))
  }

  deinit { try? handle.close() }

  /// Adds the values of a step.
  ///
  /// - Throws: `InputError` when the disk is full.
  func add(_ values: [(name: String, value: Double)], step: Int, time: Double = Date().timeIntervalSince1970) throws {
    var summary = Message()
    for (name, value) in values where value.isFinite {
      summary = summary.bytes(1, Message().bytes(1, Data(name.utf8)).float(2, Float(value)).data)
    }
    try append(Message().double(1, time).integer(2, step).bytes(5, summary.data))
  }

  private func append(_ event: Message) throws {
    let length = withUnsafeBytes(of: UInt64(event.data.count).littleEndian) { Data($0) }
    func checksum(_ data: Data) -> Data {
      let value = CRC32C.checksum(data)
      // TensorFlow's masking, for records whose content has checksums itself.
      let masked = (value >> 15 | value << 17) &+ 0xa282_ead8
      return withUnsafeBytes(of: masked.littleEndian) { Data($0) }
    }
    do {
      try handle.write(contentsOf: length + checksum(length) + event.data + checksum(event.data))
    } catch {
      throw InputError(
        path, found: "a file that cannot be written: \(error.localizedDescription)", expected: "free space")
    }
  }
}

/// A protocol buffer message in the making: fields with their numbers.
private struct Message {
  private(set) var data = Data()

  private func adding(_ field: Int, type: UInt8, _ bytes: Data) -> Message {
    var message = self
    message.data.append(UInt8(field) << 3 | type)
    message.data.append(bytes)
    return message
  }

  private func variable(_ value: Int) -> Data {
    var (rest, bytes) = (UInt64(value), Data())
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7f) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    return bytes
  }

  func integer(_ field: Int, _ value: Int) -> Message { adding(field, type: 0, variable(value)) }

  func double(_ field: Int, _ value: Double) -> Message {
    adding(field, type: 1, withUnsafeBytes(of: value.bitPattern.littleEndian) { Data($0) })
  }

  func bytes(_ field: Int, _ value: Data) -> Message { adding(field, type: 2, variable(value.count) + value) }

  func float(_ field: Int, _ value: Float) -> Message {
    adding(field, type: 5, withUnsafeBytes(of: value.bitPattern.littleEndian) { Data($0) })
  }
}

/// The cyclic redundancy check of Castagnoli's polynomial, which zlib does not have.
private enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82f6_3b78 : value >> 1 }
  }

  static func checksum(_ data: Data) -> UInt32 {
    ~data.reduce(0xffff_ffff) { table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8 }
  }
}
