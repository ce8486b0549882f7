import Files
import Foundation
import NIfTI
import TensorFiles
import TestSupport
import Testing

@testable import Datasets

/// Protects the preprocessed store: what is written is read back unchanged, and damaged or foreign folders are refused.
@Suite struct PreprocessedStoreTests {
  private static let properties = CaseProperties(
    spacing: [2, 1, 1], shapeBeforeCropping: [6, 7, 8], boundingBox: [[1, 5], [1, 6], [1, 7]],
    shapeAfterCropping: [4, 5, 6])

  private static func makeStore(_ folder: URL) throws {
    let text = DatasetDescriptionTests.plain
    try folder.put(text, at: "dataset.json")
    try folder.put(SamplePlan.text, at: "plans.json")
    try folder.put(#"{"cases": ["a", "b"]}"#, at: "cases.json")
    let description = try DatasetDescription(JSON.parse(Data(text.utf8), file: "dataset.json"), file: "dataset.json")
    let labels = ClassLocationsTests.labels()
    try PreprocessedCase(
      data: (0..<120).map { Float($0) / 7 }, channels: 1, shape: [4, 5, 6], labels: labels, properties: properties,
      classLocations: ClassLocations.sample(labels, description)
    ).write(to: folder.appendingPathComponent("a.safetensors"))
  }

  @Test func roundTrip() throws {
    try withTemporaryFolder { folder in
      try Self.makeStore(folder)
      let store = try PreprocessedStore(folder)
      #expect(store.caseNames == ["a", "b"])
      let mapped = try store.case("a")
      #expect(mapped.shape == [4, 5, 6])
      #expect(mapped.channels == 1)
      #expect(mapped.properties == Self.properties)
      #expect(mapped.classLocations == ClassLocations.sample(ClassLocationsTests.labels(), store.description))
      #expect(mapped.annotatedLocations == nil)
      #expect(try mapped.withData { Array($0) } == (0..<120).map { Float($0) / 7 })
      #expect(try mapped.withLabels { Array($0) } == ClassLocationsTests.labels().voxels)
    }
  }

  @Test func refused() throws {
    try withTemporaryFolder { folder in
      #expect(throws: InputError.self) { try PreprocessedStore(folder) }
      try Self.makeStore(folder)
      let store = try PreprocessedStore(folder)
      #expect(throws: InputError.self) { try store.case("b") }
      #expect(throws: InputError.self) { try store.case("../a") }
      let file = folder.appendingPathComponent("a.safetensors")
      let whole = try Data(contentsOf: file)
      try whole.prefix(whole.count - 8).write(to: file)
      #expect(throws: InputError.self) { try store.case("a") }
      try Safetensors.write([Safetensors.Tensor("data", shape: [1, 1, 1, 1], floats: [0])], to: file)
      #expect(throws: InputError.self) { try store.case("a") }
      try Safetensors.write(
        [
          Safetensors.Tensor("data", shape: [1, 1, 1, 1], floats: [0]),
          Safetensors.Tensor("labels", shape: [1, 1, 1], int16s: [0]),
          Safetensors.Tensor("class_locations/1", shape: [1, 3], int32s: [0, 0, 7]),
          Safetensors.Tensor("class_locations/2", shape: [0, 3], int32s: []),
        ],
        metadata: ["properties": String(decoding: JSONEncoder().encode(Self.properties), as: UTF8.self)], to: file)
      #expect(throws: InputError.self) { try store.case("a") }
    }
  }

  /// Data preprocessed with another spacing or normalization are refused. Patch and batch size do not matter.
  @Test func belongsToItsPlan() throws {
    try withTemporaryFolder { folder in
      try Self.makeStore(folder)
      let store = try PreprocessedStore(folder)
      var plan = store.plan
      plan.configuration.patchSize = [16, 16, 16]
      plan.configuration.batchSize = 9
      try store.check(plan)
      plan.configuration.spacing = [1, 1, 1]
      #expect(throws: InputError.self) { try store.check(plan) }
      plan = store.plan
      plan.configuration.normalizationSchemes = ["CTNormalization"]
      #expect(throws: InputError.self) { try store.check(plan) }
      plan = store.plan
      plan.configuration.useMaskForNorm = [false]
      #expect(throws: InputError.self) { try store.check(plan) }
      plan = store.plan
      plan.transposeForward = [0, 1, 2]
      #expect(throws: InputError.self) { try store.check(plan) }
    }
  }
}
