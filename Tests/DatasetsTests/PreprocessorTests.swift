import Files
import Foundation
import NIfTI
import Plans
import TestSupport
import Testing

@testable import Datasets

/// Protects the steps of preprocessing and their order, with cases small enough to compute by hand, and the folder that
/// they are written to.
@Suite struct PreprocessorTests {
  static func description(_ channels: [String] = ["T2w"]) throws -> DatasetDescription {
    let names = channels.enumerated().map { "\"\($0)\": \"\($1)\"" }.joined(separator: ", ")
    let text =
      #"{"channel_names": {\#(names)}, "labels": {"background": 0, "a": 1, "b": 2}, "#
      + #""numTraining": 1, "file_ending": ".nii.gz"}"#
    return try DatasetDescription(JSON.parse(Data(text.utf8), file: "dataset.json"), file: "dataset.json")
  }

  static func plan(
    spacing: [Double], scheme: String = "NoNormalization", useMask: Bool = false, transpose: [Int] = [0, 1, 2]
  ) throws -> Plan {
    var plan = try Plan(JSON.parse(Data(SamplePlan.text.utf8), file: "plans.json"), file: "plans.json")
    plan.transposeForward = transpose
    plan.transposeBackward = [0, 1, 2].map { transpose.firstIndex(of: $0) ?? 0 }
    plan.configuration.spacing = spacing
    plan.configuration.normalizationSchemes = [scheme]
    plan.configuration.useMaskForNorm = [useMask]
    return plan
  }

  /// 6 × 6 × 6 voxels that are zero outside a box and in a hole within it.
  static func image(_ spacing: [Double] = [1, 1, 1]) -> Image {
    var volume = Volume<Float>(shape: [6, 6, 6], repeating: 0)
    for z in 1..<5 { for y in 1..<6 { for x in 2..<6 { volume[z, y, x] = Float(100 * z + 10 * y + x) } } }
    volume[2, 3, 4] = 0
    return Image(volume: volume, geometry: Geometry(shape: [6, 6, 6], spacing: spacing))
  }

  /// The crop keeps the box; background outside the mask becomes -1, while a hole and a label outside the mask stay.
  @Test func cropAndLabels() throws {
    var image = Self.image()
    image.volume[1, 1, 2] = 0
    var labels = Volume<Int32>(shape: [6, 6, 6], repeating: 0)
    labels[4, 5, 5] = 2
    let preprocessor = try Preprocessor(plan: Self.plan(spacing: [1, 1, 1]), description: Self.description())
    let result = try preprocessor.preprocess(images: [image], labels: labels, caseName: "x")
    #expect(result.shape == [4, 5, 4])
    #expect(result.properties.boundingBox == [[1, 5], [1, 6], [2, 6]])
    #expect(result.properties.shapeBeforeCropping == [6, 6, 6])
    let resultLabels = try #require(result.labels)
    #expect(resultLabels[0, 0, 0] == -1)
    #expect(resultLabels[1, 2, 2] == 0)
    #expect(resultLabels[3, 4, 3] == 2)
    #expect(result.data[0] == 0)
    #expect(result.data[1] == 113)
    #expect(result.classLocations[1].voxels == [3, 4, 3])
    #expect(try preprocessor.preprocess(images: [image], labels: nil, caseName: "x").labels == nil)
  }

  /// Axes are transposed into the plan's order first; the spacing is kept in the file's order.
  @Test func transposition() throws {
    let result = try Preprocessor(
      plan: Self.plan(spacing: [3, 1, 2], transpose: [2, 0, 1]), description: Self.description()
    ).preprocess(images: [Self.image([1, 2, 3])], labels: nil, caseName: "x")
    #expect(result.shape == [4, 4, 5])
    #expect(result.properties.spacing == [1, 2, 3])
    // Voxel (x 0, z 1, y 2) of the crop is (z 2, y 3, x 2) of the file.
    #expect(result.data[(0 * 4 + 1) * 5 + 2] == 232)
  }

  /// Statistics are those before resampling. With a mask they are the mask's, and zeros outside it stay zeros.
  @Test func normalization() throws {
    let whole = try Preprocessor(
      plan: Self.plan(spacing: [1, 1, 1], scheme: "ZScoreNormalization"), description: Self.description()
    ).preprocess(images: [Self.image()], labels: nil, caseName: "x")
    #expect(abs(whole.data.reduce(0, +)) < 1e-3)
    #expect(abs(whole.data.reduce(0) { $0 + $1 * $1 } / 80 - 1) < 1e-4)

    var image = Self.image()
    for y in 1..<6 { for x in 2..<6 where (y, x) != (1, 2) { image.volume[1, y, x] = 0 } }
    let masked = try Preprocessor(
      plan: Self.plan(spacing: [1, 1, 1], scheme: "ZScoreNormalization", useMask: true), description: Self.description()
    ).preprocess(images: [image], labels: nil, caseName: "x")
    #expect(masked.data[1] == 0)
    let inside = [masked.data[0]] + masked.data[20...]
    #expect(inside.count == 61)
    #expect(abs(inside.reduce(0, +)) < 1e-3)

    let ct = try Preprocessor(
      plan: Self.plan(spacing: [1, 1, 1], scheme: "CTNormalization"), description: Self.description()
    ).preprocess(images: [Self.image()], labels: nil, caseName: "x")
    // The plan clips at 2.5; (2.5 - 1) / 0.5 = 3.
    #expect(ct.data[0] == 3)
  }

  @Test func refusedCases() throws {
    let preprocessor = try Preprocessor(plan: Self.plan(spacing: [1, 1, 1]), description: Self.description())
    #expect(throws: InputError.self) { try preprocessor.preprocess(images: [], labels: nil, caseName: "x") }
    for spacing in [[1e12, 1, 1], [0.01, 1, 1]] {
      #expect(throws: InputError.self) {
        try preprocessor.preprocess(images: [Self.image(spacing)], labels: nil, caseName: "x")
      }
    }
  }

  @Test func refusedPlans() throws {
    let description = try Self.description()
    #expect(throws: InputError.self) {
      try Preprocessor(plan: Self.plan(spacing: [1, 1, 1], scheme: "MyNormalization"), description: description)
    }
    #expect(throws: InputError.self) {
      try Preprocessor(plan: Self.plan(spacing: [1, 1, 1]), description: Self.description(["A", "B"]))
    }
    var plan = try Self.plan(spacing: [1, 1, 1], scheme: "CTNormalization")
    plan.intensityProperties = []
    #expect(throws: InputError.self) { try Preprocessor(plan: plan, description: description) }
  }

  static func makeDataset(_ folder: URL, cases: Int) throws {
    try folder.put(
      #"{"channel_names": {"0": "T2w"}, "labels": {"background": 0, "a": 1, "b": 2}, "numTraining": \#(cases), "#
        + #""file_ending": ".nii"}"#, at: "dataset.json")
    for number in 0..<cases {
      try LoadedCaseTests.write(image(), folder, "imagesTr/c\(number)_0000.nii")
      let labels = Volume<Int32>(shape: [6, 6, 6], voxels: (0..<216).map { Int32($0 % 3) })
      let file = folder.appendingPathComponent("labelsTr/c\(number).nii")
      try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try NIfTIFile.write(labels: labels, geometry: image().geometry, to: file)
    }
  }

  @Test func folder() throws {
    try withTemporaryFolder { folder in
      let (raw, output) = (folder.appendingPathComponent("raw"), folder.appendingPathComponent("preprocessed"))
      try Self.makeDataset(raw, cases: 3)
      let dataset = try RawDataset(raw)
      let preprocessor = try Preprocessor(plan: Self.plan(spacing: [1, 1, 1]), description: dataset.description)
      let store = try preprocessor.run(dataset, to: output)
      #expect(store.caseNames == ["c0", "c1", "c2"])
      try store.check(preprocessor.plan)
      let mapped = try store.case("c1")
      let loaded = try LoadedCase(dataset.cases[1], dataset.description)
      let direct = try preprocessor.preprocess(images: loaded.images, labels: loaded.labels, caseName: "c1")
      #expect(try mapped.withData { Array($0) } == direct.data)
      #expect(try mapped.withLabels { Array($0) } == direct.labels?.voxels)
      #expect(mapped.classLocations == direct.classLocations)
      #expect(throws: InputError.self) { try preprocessor.run(dataset, to: raw) }

      // With fewer cases, the files of the others are removed.
      try FileManager.default.removeItem(at: raw)
      try Self.makeDataset(raw, cases: 2)
      #expect(try preprocessor.run(RawDataset(raw), to: output).caseNames == ["c0", "c1"])
      #expect(!FileManager.default.fileExists(atPath: output.appendingPathComponent("c2.safetensors").path))
    }
  }

  /// A case that fails leaves a folder that counts as incomplete.
  @Test func failureLeavesAnIncompleteFolder() throws {
    try withTemporaryFolder { folder in
      let (raw, output) = (folder.appendingPathComponent("raw"), folder.appendingPathComponent("preprocessed"))
      try Self.makeDataset(raw, cases: 3)
      let dataset = try RawDataset(raw)
      let preprocessor = try Preprocessor(plan: Self.plan(spacing: [1, 1, 1]), description: dataset.description)
      try preprocessor.run(dataset, to: output)
      // A header that cannot be read is noticed before anything is replaced.
      let image = raw.appendingPathComponent("imagesTr/c1_0000.nii")
      let bytes = try Data(contentsOf: image)
      try raw.put("damaged", at: "imagesTr/c1_0000.nii")
      #expect { try preprocessor.run(dataset, to: output) } throws: { error in
        (error as? InputError)?.subject.hasSuffix("c1_0000.nii") == true
      }
      #expect(try PreprocessedStore(output).caseNames.count == 3)
      // A label that nothing names is noticed when its case is read.
      try bytes.write(to: image)
      let file = raw.appendingPathComponent("labelsTr/c1.nii")
      let (labels, geometry) = try NIfTIFile.readLabels(file)
      try NIfTIFile.write(labels: Volume(shape: labels.shape, repeating: 9), geometry: geometry, to: file)
      #expect { try preprocessor.run(dataset, to: output) } throws: { error in
        (error as? InputError)?.subject.hasSuffix("c1.nii") == true
      }
      #expect(throws: InputError.self) { try PreprocessedStore(output) }
    }
  }
}
