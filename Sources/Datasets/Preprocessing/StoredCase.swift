import Files
import Foundation
import TensorFiles
import Tensors

/// A preprocessed case in a memory-mapped file.
///
/// Only the pages of the file that patches touch are read. Axes are in the plan's transposed order.
public struct StoredCase: Sendable {
  /// The name of the case.
  public let name: String
  /// The number of image channels.
  public let channels: Int
  /// The shape in voxels, (z, y, x).
  public let shape: [Int]
  /// What is needed to go back to the original grid.
  public let properties: CaseProperties
  /// Sampled voxels of each foreground label or region.
  public let classLocations: [ClassLocations]
  /// Coordinates z, y, x of sampled annotated voxels, one voxel after the other; `nil` without an ignore label.
  public let annotatedLocations: [Int32]?
  private let file: Safetensors

  /// The checksum of image, labels and locations; `nil` where an earlier version stored none.
  public var checksum: String? { file.checksum }

  /// - Throws: `InputError` when the file is not a preprocessed case with labels of this data set.
  init(contentsOf url: URL, name: String, description: DatasetDescription) throws {
    func refuse(_ found: String, _ expected: String) -> InputError {
      InputError(url.path, found: found, expected: expected, advice: "Preprocess the data set again.")
    }
    let file = try Safetensors(contentsOf: url)
    let (data, labels) = (try file.entry("data"), try file.entry("labels"))
    guard data.type == .float32, data.shape.count == 4, data.shape[0] == description.channelNames.count else {
      throw refuse(
        "\(data.type.rawValue) data of shape \(data.shape)", "F32 data of \(description.channelNames.count) channels")
    }
    let shape = Array(data.shape.dropFirst())
    guard labels.type == .int16, labels.shape == shape, shape.allSatisfy({ $0 > 0 }) else {
      throw refuse("\(labels.type.rawValue) labels of shape \(labels.shape)", "I16 labels of shape \(shape)")
    }
    guard let text = file.metadata[PreprocessedCase.propertiesKey],
      let properties = try? JSONDecoder().decode(CaseProperties.self, from: Data(text.utf8))
    else { throw refuse("no usable properties", "the properties of a preprocessed case") }
    func locations(_ values: [Int]) throws -> ClassLocations {
      let name = PreprocessedCase.locationsName(values)
      let entry = try file.entry(name)
      let voxels = try file.integers(name)
      guard entry.type == .int32, entry.shape.count == 2, entry.shape[1] == 3,
        voxels.indices.allSatisfy({ (0..<Int32(clamping: shape[$0 % 3])).contains(voxels[$0]) })
      else { throw refuse("unusable \(name)", "voxels inside \(shape)") }
      return ClassLocations(values: values, voxels: voxels)
    }
    classLocations = try description.foregroundClasses.map { try locations($0.values) }
    annotatedLocations =
      description.ignoreLabel == nil ? nil : try locations(ClassLocations.annotated(description)).voxels
    self.name = name
    self.channels = data.shape[0]
    self.shape = shape
    self.properties = properties
    self.file = file
  }

  /// Calls `body` with the image: channel by channel, each (z, y, x) with x fastest.
  ///
  /// - Throws: `InputError` when the file cannot be mapped, and what `body` throws.
  public func withData<Result>(_ body: (UnsafeBufferPointer<Float>) throws -> Result) throws -> Result {
    try withElements("data", body)
  }

  /// Calls `body` with the label map: (z, y, x) with x fastest, -1 outside the nonzero region.
  ///
  /// - Throws: `InputError` when the file cannot be mapped, and what `body` throws.
  public func withLabels<Result>(_ body: (UnsafeBufferPointer<Int16>) throws -> Result) throws -> Result {
    try withElements("labels", body)
  }

  private func withElements<Element, Result>(
    _ name: String, _ body: (UnsafeBufferPointer<Element>) throws -> Result
  ) throws -> Result {
    try file.withBytes(name) { bytes in
      guard let base = bytes.baseAddress, Int(bitPattern: base) % MemoryLayout<Element>.alignment == 0 else {
        throw InputError(
          file.url.path, found: "\(name) at an unaligned address", expected: "an aligned array",
          advice: "Preprocess the data set again.")
      }
      return try body(bytes.bindMemory(to: Element.self))
    }
  }
}
