// swift-tools-version: 6.0
import PackageDescription

// Numerical rooms are optimised in debug builds too, so that the tests take minutes; the processor's own vector width is
// used because the program is built where it runs.
let fast: [SwiftSetting] = [
  .unsafeFlags(["-Ounchecked", "-Xcc", "-march=native"])
]

/// Debian packages that bring the C libraries, named here once.
func library(_ name: String, pkgConfig: String? = nil, apt: [String]) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt(apt)])
}

let package = Package(
  name: "hwsseg",
  products: [
    .executable(name: "hwsseg", targets: ["hwsseg"]),
    .library(name: "HardnessWeighting", targets: ["HardnessWeighting"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
  ],
  targets: [
    // Floor 1
    library("CNIfTI", apt: ["libnifti-dev", "zlib1g-dev"]),
    library("COpenBLAS", pkgConfig: "openblas", apt: ["libopenblas-dev"]),
    library("COneDNN", apt: ["libdnnl-dev"]),
    .systemLibrary(name: "CBFloat16"),
    .target(name: "Files"),

    // Floor 2
    .target(name: "NIfTI", dependencies: ["CNIfTI", "Files"], swiftSettings: fast),
    .target(name: "Tensors", dependencies: ["CBFloat16", "COpenBLAS", "COneDNN", "Files"], swiftSettings: fast),

    // Floor 3
    .target(name: "Imaging", dependencies: ["Files", "NIfTI"], swiftSettings: fast),
    .target(name: "UNet", dependencies: ["Tensors", "Files"], swiftSettings: fast),
    .target(name: "HardnessWeighting"),

    // Floor 4
    .target(
      name: "Datasets",
      dependencies: ["Files", "NIfTI", "Imaging", "Tensors", "UNet", "HardnessWeighting"],
      swiftSettings: fast),

    // Floor 5
    .target(name: "Planning", dependencies: ["Datasets"], swiftSettings: fast),
    .target(
      name: "Training", dependencies: ["Datasets", .product(name: "Logging", package: "swift-log")],
      swiftSettings: fast),
    .target(name: "Inference", dependencies: ["Datasets"], swiftSettings: fast),
    .target(name: "Evaluation", dependencies: ["Datasets"], swiftSettings: fast),

    // Floor 6
    .executableTarget(
      name: "hwsseg",
      dependencies: [
        "Planning", "Training", "Inference", "Evaluation",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),

    .executableTarget(
      name: "kernels", dependencies: ["Tensors", "UNet", "CBFloat16"], path: "Benchmarks/Kernels", swiftSettings: fast),

    .target(name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport"),
    .testTarget(name: "NIfTITests", dependencies: ["NIfTI", "TestSupport"]),
    .testTarget(name: "ImagingTests", dependencies: ["Imaging", "TestSupport"]),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "TestSupport"]),
    .testTarget(name: "UNetTests", dependencies: ["UNet", "TestSupport"]),
    .testTarget(name: "HardnessWeightingTests", dependencies: ["HardnessWeighting", "TestSupport"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "TestSupport"]),
    .testTarget(name: "PlanningTests", dependencies: ["Planning", "TestSupport"]),
    .testTarget(name: "TrainingTests", dependencies: ["Training", "TestSupport"]),
    .testTarget(name: "InferenceTests", dependencies: ["Inference", "TestSupport"], exclude: ["Fixtures"]),
    .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "TestSupport"]),
    .testTarget(name: "hwssegTests", dependencies: ["hwsseg", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
