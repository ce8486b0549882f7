// swift-tools-version: 6.1
import PackageDescription

// The processor's own vector width is used, because the program is built where it runs. Every room is optimized in
// debug builds too, so that the tests take minutes.

/// For rooms that read bytes of strangers: every bounds check and overflow trap stays in, in tests as in the release.
let checked: [SwiftSetting] = [.unsafeFlags(["-O", "-Xcc", "-march=native"])]

/// For rooms with hot loops over data that has been checked before it arrives.
let unchecked: [SwiftSetting] = [.unsafeFlags(["-Ounchecked", "-Xcc", "-march=native"])]

/// Debian packages that bring the C libraries, named here once.
func library(_ name: String, pkgConfig: String? = nil, apt: [String]) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt(apt)])
}

let package = Package(
  name: "hwsseg",
  products: [
    .executable(name: "hwsseg", targets: ["hwsseg"]),
    .library(name: "HardnessWeighting", targets: ["HardnessWeighting"]),
    .library(
      name: "Segmentation",
      targets: [
        "Workflows", "Reports", "Planning", "Training", "Inference", "Evaluation", "Datasets", "Plans", "Phantoms",
      ]),
  ],
  traits: [.trait(name: "MPI", description: "Trainings on several processes and machines; needs Open MPI.")],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.0.0"),
    .package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"),
  ],
  targets: [
    // Floor 1
    library("CNIfTI", apt: ["libnifti-dev", "zlib1g-dev"]),
    library("COpenBLAS", pkgConfig: "openblas", apt: ["libopenblas-dev"]),
    library("COneDNN", apt: ["libdnnl-dev"]),
    library("CMPI", pkgConfig: "ompi-c", apt: ["libopenmpi-dev"]),
    .systemLibrary(name: "CBFloat16"),
    .systemLibrary(name: "CProcessor"),
    .target(name: "Version", plugins: ["SourceCommit"]),
    .plugin(name: "SourceCommit", capability: .buildTool()),
    .target(
      name: "Files", dependencies: [.product(name: "OrderedCollections", package: "swift-collections")],
      swiftSettings: checked),
    .target(name: "Threads", swiftSettings: unchecked),
    .target(name: "Statistics", swiftSettings: unchecked),
    .target(name: "HardnessWeighting"),
    .target(name: "Charts"),

    // Floor 2
    .target(name: "Cluster", dependencies: ["Files", .target(name: "CMPI", condition: .when(traits: ["MPI"]))]),
    .target(name: "NIfTI", dependencies: ["CNIfTI", "Files"], swiftSettings: checked),
    .target(name: "TensorFiles", dependencies: ["CNIfTI", "Files"], swiftSettings: checked),
    .target(
      name: "Tensors", dependencies: ["CBFloat16", "COpenBLAS", "COneDNN", "CProcessor", "Files", "Threads"],
      swiftSettings: unchecked),

    // Floor 3
    .target(name: "Imaging", dependencies: ["Files", "NIfTI", "Threads"], swiftSettings: unchecked),
    .target(
      name: "UNet", dependencies: ["Files", "Statistics", "TensorFiles", "Tensors", "Threads"],
      swiftSettings: unchecked),
    .target(
      name: "Phantoms", dependencies: ["Files", "NIfTI", "Statistics", "Threads"], swiftSettings: unchecked),

    // Floor 4
    .target(
      name: "Perturbations", dependencies: ["Imaging", "NIfTI", "Statistics", "Threads"], swiftSettings: unchecked),
    .target(name: "Plans", dependencies: ["Files", "HardnessWeighting", "UNet"], swiftSettings: checked),

    // Floor 5
    .target(
      name: "Datasets",
      dependencies: ["Cluster", "Files", "Imaging", "NIfTI", "Plans", "Statistics", "TensorFiles", "Threads"],
      swiftSettings: checked),

    // Floor 6
    .target(
      name: "Planning",
      dependencies: ["Datasets", "Files", "HardnessWeighting", "Imaging", "NIfTI", "Plans", "Statistics"],
      swiftSettings: unchecked),
    .target(
      name: "Training",
      dependencies: [
        "Charts", "Cluster", "Datasets", "Files", "HardnessWeighting", "Perturbations", "Plans", "Statistics",
        "TensorFiles", "Tensors", "Threads", "UNet",
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: unchecked),
    .target(
      name: "Inference",
      dependencies: [
        "Cluster", "Datasets", "Files", "Imaging", "NIfTI", "Plans", "TensorFiles", "Tensors", "Threads", "UNet",
      ],
      swiftSettings: unchecked),
    .target(
      name: "Evaluation",
      dependencies: ["Datasets", "Files", "Imaging", "NIfTI", "Statistics", "Threads"], swiftSettings: unchecked),

    // Floor 7
    .target(
      name: "Reports",
      dependencies: [
        "CNIfTI", "Charts", "Datasets", "Evaluation", "Files", "NIfTI", "Statistics",
        .product(name: "Mustache", package: "swift-mustache"),
      ],
      resources: [.embedInCode("Templates")], swiftSettings: checked),
    .target(
      name: "Workflows",
      dependencies: [
        "CProcessor", "Charts", "Cluster", "Datasets", "Evaluation", "Files", "HardnessWeighting", "Inference", "NIfTI",
        "Perturbations", "Planning", "Plans", "Statistics", "TensorFiles", "Tensors", "Threads", "Training", "UNet",
        "Version",
        .product(name: "Logging", package: "swift-log"),
      ]),

    // Floor 8
    .executableTarget(
      name: "hwsseg",
      dependencies: [
        "Charts", "Cluster", "Datasets", "Evaluation", "Files", "HardnessWeighting", "Inference", "Perturbations",
        "Phantoms", "Planning", "Plans", "Reports", "Tensors", "Threads", "Training", "Version", "Workflows",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ]),

    .executableTarget(
      name: "kernels", dependencies: ["CBFloat16", "Tensors", "Threads", "UNet"], path: "Benchmarks/Kernels",
      swiftSettings: unchecked),

    .target(name: "TestSupport", dependencies: ["CNIfTI", "Cluster", "TensorFiles"], path: "Tests/TestSupport"),
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "CNIfTI", "Datasets", "Evaluation", "Files", "HardnessWeighting", "NIfTI", "Planning", "Plans", "Reports",
        "Statistics", "TensorFiles", "Tensors", "TestSupport", "Training", "UNet", "Workflows",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "Tests/Fuzz", swiftSettings: checked),
    .testTarget(name: "FilesTests", dependencies: ["Files", "Statistics", "TestSupport"]),
    .testTarget(name: "ThreadsTests", dependencies: ["Threads"]),
    .testTarget(name: "StatisticsTests", dependencies: ["Files", "Statistics"]),
    .testTarget(name: "HardnessWeightingTests", dependencies: ["HardnessWeighting", "TestSupport"]),
    .testTarget(name: "ChartsTests", dependencies: ["Charts"]),
    .testTarget(name: "NIfTITests", dependencies: ["CNIfTI", "Files", "NIfTI", "TestSupport"]),
    .testTarget(name: "TensorFilesTests", dependencies: ["Files", "TensorFiles", "TestSupport"]),
    .testTarget(name: "TensorsTests", dependencies: ["Files", "Tensors", "TestSupport", "Threads"]),
    .testTarget(name: "ImagingTests", dependencies: ["Files", "Imaging", "NIfTI", "TestSupport"]),
    .testTarget(
      name: "UNetTests",
      dependencies: ["Files", "TensorFiles", "Tensors", "TestSupport", "Threads", "UNet"]),
    .testTarget(
      name: "PhantomsTests", dependencies: ["Datasets", "Files", "NIfTI", "Phantoms", "Statistics", "TestSupport"]),
    .testTarget(name: "PerturbationsTests", dependencies: ["NIfTI", "Perturbations", "Statistics"]),
    .testTarget(name: "PlansTests", dependencies: ["Files", "HardnessWeighting", "Plans", "TestSupport", "UNet"]),
    .testTarget(
      name: "DatasetsTests", dependencies: ["Datasets", "Files", "NIfTI", "Plans", "TensorFiles", "TestSupport"]),
    .testTarget(
      name: "PlanningTests",
      dependencies: [
        "Datasets", "Files", "HardnessWeighting", "NIfTI", "Planning", "Plans", "Statistics", "TestSupport",
      ]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Datasets", "Files", "HardnessWeighting", "NIfTI", "Perturbations", "Plans", "Statistics", "TensorFiles",
        "Tensors", "TestSupport", "Training", "UNet", .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(
      name: "InferenceTests",
      dependencies: [
        "Datasets", "Files", "Imaging", "Inference", "NIfTI", "Plans", "TensorFiles", "Tensors", "TestSupport", "UNet",
      ],
      exclude: ["Fixtures"]),
    .testTarget(
      name: "EvaluationTests",
      dependencies: ["Datasets", "Evaluation", "Files", "NIfTI", "Statistics", "TestSupport"]),
    .testTarget(
      name: "ReportsTests",
      dependencies: ["CNIfTI", "Datasets", "Evaluation", "Files", "NIfTI", "Reports", "Statistics", "TestSupport"]),
    .testTarget(
      name: "WorkflowsTests",
      dependencies: [
        "Datasets", "Files", "Plans", "Tensors", "TestSupport", "Workflows",
        .product(name: "Logging", package: "swift-log"),
      ]),
    .testTarget(name: "FuzzTests", dependencies: ["TestSupport", "fuzz"]),
    .testTarget(
      name: "hwssegTests", dependencies: ["Datasets", "Files", "NIfTI", "TensorFiles", "TestSupport", "hwsseg"]),
  ],
  swiftLanguageModes: [.v6]
)
