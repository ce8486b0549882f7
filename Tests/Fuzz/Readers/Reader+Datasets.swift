import Datasets
import Files
import Foundation
import NIfTI
import Plans
import TensorFiles
import TestSupport
import Workflows

extension Reader {
  /// The files of data sets, raw and preprocessed.
  static var datasets: [(name: String, make: (Workbench) throws -> Reader)] {
    [
      (
        "dataset",
        { bench in
          try putCases(in: bench)
          return Reader("dataset", texts: [SampleTables.dataset, SampleTables.regions]) { bytes in
            let url = try bench.put(bytes, "dataset.json")
            let description = try DatasetDescription(contentsOf: url)
            guard description.foregroundClasses.count <= description.labels.count, description.outputChannels > 0 else {
              throw WrongResult("\(description.outputChannels) output channels")
            }
            _ = (description.foregroundLabels, description.regions, description.ignoreLabel)
            _ = try Inspection.facts(of: url)
            let plan = try samplePlan()
            try Workbench.further { _ = try Preprocessor(plan: plan, description: description) }
            try Workbench.further { try RawDataset(bench.folder).checkIntegrity() }
          }
        }
      ),
      (
        "splits",
        { bench in
          Reader("splits", texts: [SampleTables.splits]) { bytes in
            let url = try bench.put(bytes, "splits_final.json")
            let splits = try Splits.read(url, caseNames: SampleTables.caseNames)
            for fold in splits.indices { _ = try Splits.split(.number(fold), of: SampleTables.caseNames, file: url) }
          }
        }
      ),
      (
        "postprocessing",
        { bench in
          let labels = Volume<Int32>(shape: [2, 3, 4], voxels: (0..<24).map { Int32($0 % 5) * 20000 })
          return Reader("postprocessing", texts: [SampleTables.postprocessing]) { bytes in
            let postprocessing = try Postprocessing(contentsOf: bench.put(bytes, "postprocessing.json"))
            _ = postprocessing.apply(to: labels)
            _ = (postprocessing.members, postprocessing.steps.map(\.description))
          }
        }
      ),
      (
        "cases",
        { bench in
          try bench.put(SamplePlan.text, "plans.json")
          try bench.put(SampleTables.dataset, "dataset.json")
          let bytes = try storedCase(bench)
          for name in ["case_0", "case_1"] { try bench.put(bytes, name + ".safetensors") }
          return Reader("cases", texts: [#"{"cases": ["case_0", "case_1"]}"#]) { bytes in
            try bench.put(bytes, "cases.json")
            let store = try PreprocessedStore(bench.folder)
            for name in store.caseNames { try use(store.case(name)) }
          }
        }
      ),
      (
        "stored-case",
        { bench in
          try bench.put(SamplePlan.text, "plans.json")
          try bench.put(SampleTables.dataset, "dataset.json")
          try bench.put(#"{"cases": ["case_0"]}"#, "cases.json")
          let store = try PreprocessedStore(bench.folder)
          return Reader("stored-case", seeds: [try storedCase(bench)], textShare: 0.5) { bytes in
            try bench.put(bytes, "case_0.safetensors")
            try use(store.case("case_0"))
          }
        }
      ),
    ]
  }

  private static func samplePlan() throws -> Plan {
    try Plan(JSON.parse(Data(SamplePlan.text.utf8), file: ""), file: "")
  }

  /// Touches every voxel and location.
  private static func use(_ stored: StoredCase) throws {
    let voxels = stored.shape.reduce(1, *)
    let counts = try (stored.withData { $0.count }, stored.withLabels { $0.count })
    guard counts == (stored.channels * voxels, voxels) else { throw WrongResult("\(counts) voxels") }
    _ = try stored.withData { $0.reduce(0, +) }
    try stored.withLabels { labels in
      for locations in stored.classLocations {
        for start in stride(from: 0, to: locations.voxels.count, by: 3) {
          let (z, y, x) = (locations.voxels[start], locations.voxels[start + 1], locations.voxels[start + 2])
          _ = labels[(Int(z) * stored.shape[1] + Int(y)) * stored.shape[2] + Int(x)]
        }
      }
    }
  }

  /// A preprocessed case, as the program writes it.
  private static func storedCase(_ bench: Workbench) throws -> [UInt8] {
    let properties =
      #"{"bbox_used_for_cropping":[[0,2],[0,3],[0,4]],"shape_after_cropping_and_before_resampling":[2,3,4],"#
      + #""shape_before_cropping":[2,3,4],"spacing":[1,1,1]}"#
    return try bench.bytes("seed.safetensors") { url in
      try Safetensors.write(
        [
          Safetensors.Tensor("data", shape: [1, 2, 3, 4], floats: (0..<24).map(Float.init)),
          Safetensors.Tensor("labels", shape: [2, 3, 4], int16s: (0..<24).map { Int16($0 % 3) }),
          Safetensors.Tensor("class_locations/1", shape: [2, 3], int32s: [0, 0, 1, 1, 2, 3]),
          Safetensors.Tensor("class_locations/2", shape: [1, 3], int32s: [0, 0, 2]),
        ], metadata: ["properties": properties], to: url)
    }
  }

  /// The files of a small raw data set beside its `dataset.json`.
  private static func putCases(in bench: Workbench) throws {
    let geometry = Geometry(shape: [2, 3, 4], spacing: [1, 1, 1])
    let image = Volume<Float>(shape: geometry.shape, voxels: (0..<24).map(Float.init))
    let labels = Volume<Int32>(shape: geometry.shape, voxels: (0..<24).map { Int32($0 % 3) })
    let (images, maps) = (try bench.subfolder("imagesTr"), try bench.subfolder("labelsTr"))
    for name in SampleTables.caseNames.prefix(6) {
      try NIfTIFile.write(image: image, geometry: geometry, to: images.file("\(name)_0000.nii"))
      try NIfTIFile.write(labels: labels, geometry: geometry, to: maps.file("\(name).nii"))
    }
  }
}
