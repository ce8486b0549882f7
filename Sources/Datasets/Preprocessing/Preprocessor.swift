import Cluster
import Files
import Foundation
import Imaging
import NIfTI
import Plans

/// Turns the images of a case into the network's input, in nnU-Net's steps.
///
/// It brings the axes into the plan's order, crops to the nonzero region, normalizes, resamples, and samples voxels of
/// each class. Normalization comes before resampling.
public struct Preprocessor: Sendable {
  /// The plan to follow.
  public let plan: Plan
  /// The description of the data set.
  public let description: DatasetDescription
  let configuration: PlanConfiguration
  private let normalizations: [IntensityNormalization]

  /// Creates a preprocessor for the plan's configuration.
  ///
  /// - Throws: `InputError` when the configuration is not three-dimensional, is for another number of channels, or
  ///   names an unknown normalization.
  public init(plan: Plan, description: DatasetDescription) throws {
    let configuration = plan.configuration
    let subject = "plan configuration \(configuration.name)"
    guard configuration.spacing.count == 3 else {
      throw InputError(
        subject, found: "a spacing of \(configuration.spacing.count) axes", expected: "3; slices are not supported yet")
    }
    let channels = description.channelNames.count
    guard configuration.normalizationSchemes.count == channels else {
      throw InputError(
        subject, found: "\(configuration.normalizationSchemes.count) channels",
        expected: "\(channels), as in dataset.json")
    }
    normalizations = try configuration.normalizationSchemes.enumerated().map { channel, name in
      try Self.normalization(name, channel, plan, subject)
    }
    self.plan = plan
    self.description = description
    self.configuration = configuration
  }

  private static func normalization(_ name: String, _ channel: Int, _ plan: Plan, _ subject: String) throws
    -> IntensityNormalization
  {
    switch name {
    case "ZScoreNormalization": return .zScore
    case "NoNormalization": return .none
    case "RescaleTo01Normalization": return .rescaleTo01
    case "RGBTo01Normalization": return .rgbTo01
    case "CTNormalization":
      guard channel < plan.intensityProperties.count else {
        throw InputError(
          subject, found: "CTNormalization of channel \(channel) without intensity statistics",
          expected: "them in foreground_intensity_properties_per_channel")
      }
      let intensities = plan.intensityProperties[channel]
      return .ct(
        lower: Float(intensities.percentile005), upper: Float(intensities.percentile995), mean: Float(intensities.mean),
        deviation: Float(intensities.standardDeviation))
    default:
      throw InputError(
        subject, found: "the normalization \(name)",
        expected:
          "ZScoreNormalization, CTNormalization, NoNormalization, RescaleTo01Normalization or RGBTo01Normalization")
    }
  }

  /// Preprocesses one case.
  ///
  /// - Parameters:
  ///   - images: The images, one for each channel and all of one shape, with axes in the order of the files.
  ///   - labels: The label map on the same grid, for training; otherwise `nil`.
  ///   - caseName: The name of the case in error messages.
  /// - Throws: `InputError` when the number of images or their shapes are wrong, or when the resampled image would be
  ///   empty or too large.
  public func preprocess(images: consuming [Image], labels: Volume<Int32>?, caseName: String) throws -> PreprocessedCase
  {
    var images = images
    guard images.count == normalizations.count, images.allSatisfy({ $0.volume.shape == images[0].volume.shape }),
      labels == nil || labels?.shape == images[0].volume.shape
    else {
      throw InputError(
        "case \(caseName)", found: "\(images.count) images",
        expected: "\(normalizations.count) of one shape, which the label map shares")
    }
    let order = plan.transposeForward
    let fileSpacing = images[0].geometry.spacing
    let spacing = order.map { fileSpacing[$0] }
    // Whole volumes are large: each is released as soon as the next one has been made of it.
    let released = Volume<Float>(shape: [0, 0, 0], voxels: [])
    var volumes: [Volume<Float>] = []
    for channel in images.indices {
      volumes.append(images[channel].volume.transposed(order))
      images[channel].volume = released
    }
    let shapeBeforeCropping = volumes[0].shape

    let region = labels.map { NonzeroRegion(volumes, labels: $0.transposed(order)) }
    var box = BoundingBox(whole: shapeBeforeCropping)
    var maskForNorm: [Bool]?
    let usesMask = configuration.useMaskForNorm.contains(true)
    if let region {
      box = region.box
      if usesMask { maskForNorm = region.labels.voxels.map { $0 >= 0 } }
    } else {
      let mask = NonzeroMask(volumes)
      box = mask.boundingBox
      if usesMask { maskForNorm = Volume(shape: mask.shape, voxels: mask.isInside).cropped(to: box).voxels }
    }
    let croppedShape = box.shape
    let shape = try newShape(croppedShape, spacing: spacing, caseName: caseName)
    var data: [Float] = []
    let resampling = configuration.dataResampling
    for channel in volumes.indices {
      var volume = volumes[channel].cropped(to: box)
      volumes[channel] = released
      try normalizations[channel].apply(
        to: &volume, mask: configuration.useMaskForNorm[channel] ? maskForNorm : nil,
        file: "case \(caseName), channel \(channel)")
      let resampled = Resampling.resample(
        volume, to: shape, spacing: spacing, newSpacing: configuration.spacing, order: resampling.order,
        orderZ: resampling.orderZ, forceSeparateZ: resampling.forceSeparateZ
      ).voxels
      if volumes.count == 1 {
        data = resampled
      } else {
        if channel == 0 { data.reserveCapacity(volumes.count * resampled.count) }
        data += resampled
      }
    }
    let resampledLabels = region.map { resample($0.labels, to: shape, spacing: spacing) }
    return PreprocessedCase(
      data: data, channels: volumes.count, shape: shape, labels: resampledLabels,
      properties: CaseProperties(
        spacing: fileSpacing, shapeBeforeCropping: shapeBeforeCropping,
        boundingBox: zip(box.lower, box.upper).map { [$0, $1] }, shapeAfterCropping: croppedShape),
      classLocations: resampledLabels.map { ClassLocations.sample($0, description) } ?? [])
  }

  /// The shape at the plan's spacing.
  func newShape(_ shape: [Int], spacing: [Double], caseName: String) throws -> [Int] {
    let extents = (0..<3).map { spacing[$0] / configuration.spacing[$0] * Double(shape[$0]) }
    // Class locations hold voxel offsets as 32-bit integers.
    guard extents.allSatisfy({ $0 > 0.5 && $0 < 1e6 }), extents.reduce(1, *) < 2e9 else {
      throw InputError(
        "case \(caseName)", found: "\(shape) voxels of \(spacing) mm, which is \(extents) at the plan's spacing",
        expected: "an image of at least one and less than 2·10⁹ voxels",
        advice: "Check the spacing in the file's header.")
    }
    return Resampling.newShape(shape, spacing: spacing, newSpacing: configuration.spacing)
  }

  private func resample(_ labels: Volume<Int32>, to shape: [Int], spacing: [Double]) -> Volume<Int16> {
    let resampling = configuration.segmentationResampling
    let labels = Resampling.resampleLabels(
      labels, to: shape, spacing: spacing, newSpacing: configuration.spacing, order: resampling.order,
      orderZ: resampling.orderZ, forceSeparateZ: resampling.forceSeparateZ)
    return Volume(shape: shape, voxels: labels.voxels.map { Int16(truncatingIfNeeded: $0) })
  }

  /// Preprocesses all cases of a data set, up to eight at a time and as many as the memory allows.
  ///
  /// Every file is replaced as a whole, and `cases.json` is written last: until then the folder counts as incomplete.
  /// The folds are written to `splits_final.json` if the data set has its own or enough cases for nnU-Net's.
  ///
  /// - Parameters:
  ///   - dataset: The data set.
  ///   - folder: The folder to write, which is created if necessary.
  ///   - communicator: The processes that divide the cases; `nil` when this one has all of them.
  ///   - progress: Called after each case of this process with the number of those that are finished.
  /// - Returns: The folder, opened.
  /// - Throws: `InputError` naming the first case or file at fault. No case is skipped silently.
  @discardableResult
  public func run(
    _ dataset: RawDataset, to folder: URL, with communicator: (any Communicator)? = nil,
    progress: (@Sendable (_ finished: Int, _ caseName: String) -> Void)? = nil
  ) throws -> PreprocessedStore {
    guard !FileManager.default.fileExists(atPath: folder.appendingPathComponent("imagesTr").path) else {
      throw InputError(folder.path, found: "a raw data set", expected: "another folder for the preprocessed cases")
    }
    let files = dataset.cases.flatMap { $0.images + [$0.label].compactMap(\.self) }
    let sources = Set(files.map { $0.deletingLastPathComponent() })
    let target = folder.resolvingSymlinksInPath()
    guard !sources.contains(where: { $0.resolvingSymlinksInPath() == target }) else {
      throw InputError(
        folder.path, found: "the data set's own files", expected: "another folder for the preprocessed cases")
    }
    let needs = try needs(of: dataset)
    try needs.check(for: folder)
    func preprocessOwn() throws {
      // The first process has prepared the folder before, and looks at it when all are done.
      communicator?.wait()
      let part = communicator?.own(dataset.cases)
      _ = try dataset.mapCases(of: part, casesAtOnce: needs.casesAtOnce, progress: progress) { rawCase in
        let loaded = try LoadedCase(rawCase, description)
        try preprocess(images: loaded.images, labels: loaded.labels, caseName: rawCase.name)
          .write(to: PreprocessedStore.file(rawCase.name, in: folder))
      }
      communicator?.wait()
    }
    if communicator?.isFirst ?? true {
      try FolderLock.holding(folder) { try fill(folder, from: dataset, preprocessOwn) }
    } else {
      try preprocessOwn()
    }
    communicator?.wait()
    return try PreprocessedStore(folder)
  }

  /// Prepares a folder, has it filled with the cases, and completes it.
  private func fill(_ folder: URL, from dataset: RawDataset, _ preprocess: () throws -> Void) throws {
    let hasFolds =
      FileManager.default.fileExists(atPath: dataset.splitsFile.path) || dataset.cases.count >= Splits.count
    let folds = hasFolds ? try Splits.folds(dataset.caseNames, file: dataset.splitsFile) : nil
    let index = PreprocessedStore.index(folder)
    let oldCases = (try? PreprocessedStore(folder))?.caseNames ?? []
    try? FileManager.default.removeItem(at: index)
    try plan.write(to: folder.appendingPathComponent("plans.json"))
    try description.write(to: folder.appendingPathComponent("dataset.json"))
    try preprocess()
    for name in Set(oldCases).subtracting(dataset.caseNames) {
      try? FileManager.default.removeItem(at: PreprocessedStore.file(name, in: folder))
    }
    if let folds { try Splits.write(folds, to: folder.appendingPathComponent("splits_final.json")) }
    try AtomicFile.replace(index, with: JSON.object(JSONObject([("cases", .strings(dataset.caseNames))])).text)
  }
}
