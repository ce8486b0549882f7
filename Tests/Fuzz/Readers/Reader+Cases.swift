import Datasets
import Evaluation
import Files
import Foundation
import NIfTI
import Plans
import TestSupport

extension Reader {
  /// The volumes of cases, as far as preprocessing and evaluation take them.
  static var cases: [(name: String, make: (Workbench) throws -> Reader)] {
    [
      (
        "image",
        { bench in
          let plan = try Plan(JSON.parse(Data(SamplePlan.text.utf8), file: ""), file: "")
          let description = try DatasetDescription(JSON.parse(Data(SampleTables.dataset.utf8), file: ""), file: "")
          let preprocessor = try Preprocessor(plan: plan, description: description)
          let labels = Volume<Int32>(shape: [3, 4, 5], voxels: (0..<60).map { Int32($0 % 3) })
          return Reader("image", seeds: try volumes(bench), textShare: 0) { bytes in
            let file = try bench.put(bytes, "a.nii")
            let geometry = try NIfTIFile.readGeometry(file)
            try NIfTIFile.write(labels: labels, geometry: geometry, to: bench.file("labels.nii"))
            let raw = RawCase(name: "a", images: [file], label: bench.file("labels.nii"))
            let loaded = try LoadedCase(raw, description)
            // A large spacing means a large image, which takes the memory that it takes.
            guard zip(geometry.shape, geometry.spacing).reduce(1, { $0 * max(1, Double($1.0) * $1.1) }) < 1e5 else {
              return
            }
            try Workbench.further {
              let found = try preprocessor.preprocess(images: loaded.images, labels: loaded.labels, caseName: "a")
              guard found.data.count == found.channels * found.shape.reduce(1, *) else {
                throw WrongResult("\(found.data.count) voxels of \(found.shape)")
              }
            }
          }
        }
      ),
      (
        "labels",
        { bench in
          let predicted = Volume<Int32>(shape: [3, 4, 5], voxels: (0..<60).map { Int32($0 / 5 % 3) })
          return Reader("labels", seeds: try labelMaps(bench), textShare: 0) { bytes in
            let (labels, geometry) = try NIfTIFile.readLabels(bench.put(bytes, "a.nii"))
            guard labels.shape == predicted.shape else { return }
            for values in [[1], [1, 2]] {
              let metrics = SegmentationMetrics(
                prediction: predicted, reference: labels, values: values, ignored: 255, spacing: geometry.spacing)
              _ = Metric.allCases.map { metrics[$0] }
            }
          }
        }
      ),
    ]
  }

  private static func labelMaps(_ bench: Workbench) throws -> [[UInt8]] {
    try [2, 300].map { largest in
      let labels = Volume<Int32>(
        shape: [3, 4, 5], voxels: (0..<60).map { $0 % 7 == 0 ? Int32(largest) : Int32($0 % 3) })
      return try bench.bytes("seed.nii") { url in
        try NIfTIFile.write(labels: labels, geometry: Geometry(shape: [3, 4, 5], spacing: [3, 1, 0.75]), to: url)
      }
    }
  }
}
