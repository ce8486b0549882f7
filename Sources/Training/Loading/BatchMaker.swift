import Datasets
import Files
import Foundation
import Statistics

/// Cuts the samples of a batch out of the stored cases and augments them.
struct BatchMaker: Sendable {
  private let training: [StoredCase]
  private let validation: [StoredCase]
  private let patch: [Int]
  /// The positions of a batch that this process computes; `nil` when it computes all.
  private let positions: Range<Int>?
  private let channels: Int
  /// The labels that `dataset.json` names.
  private let labels: Range<Int>
  private let seed: UInt64
  private let augmentation: Augmentation?
  private let trainingPatches: PatchSampler
  private let validationPatches: PatchSampler
  /// Whether the positions that show foreground are shuffled in each training batch.
  private let shufflesForeground: Bool

  /// Opens all training and validation cases of a task.
  ///
  /// - Parameters:
  ///   - patch: The patch to cut, (z, y, x); the plan's when left out.
  ///   - positions: The positions of a batch that this process computes; all when left out.
  /// - Throws: `InputError` when there is no training case, when the data were preprocessed with another plan, or when
  ///   a case is missing or does not have the plan's channels.
  init(_ task: TrainingTask, patch: [Int]? = nil, positions: Range<Int>? = nil) throws {
    let configuration = task.plan.configuration
    let settings = task.plan.training
    guard !task.split.training.isEmpty else {
      throw InputError("the fold", found: "no training cases", expected: "at least one")
    }
    try task.store.check(task.plan)
    let channels = configuration.normalizationSchemes.count
    func open(_ names: [String]) throws -> [StoredCase] {
      try names.map { name in
        let stored = try task.store.case(name)
        guard stored.channels == channels else {
          throw InputError(
            "case \(name)", found: "\(stored.channels) channels", expected: "\(channels), as in the plan",
            advice: "Preprocess the data set with this plan.")
        }
        return stored
      }
    }
    training = try open(task.split.training)
    validation = try open(task.split.validation)
    guard training.contains(where: { $0.classLocations.contains { !$0.voxels.isEmpty } }) else {
      throw InputError(
        task.store.folder.path, found: "no labeled voxel in any of the \(training.count) training cases",
        expected: "something to learn", advice: "Check the label maps and the labels of dataset.json.")
    }
    let patch = patch ?? configuration.patchSize
    self.patch = patch
    self.positions = positions
    self.channels = channels
    // `DatasetDescription` has checked that the labels are 0, 1, 2, …, and the ignore label the last.
    labels = 0..<task.description.allLabels.count + (task.description.ignoreLabel == nil ? 0 : 1)
    seed = UInt64(settings.seed)
    let masked = configuration.useMaskForNorm.indices.filter { configuration.useMaskForNorm[$0] }
    augmentation = settings.augmentation == .default ? Augmentation(patch: patch, maskedChannels: masked) : nil
    shufflesForeground = settings.sampler.estimatesHardness
    trainingPatches = PatchSampler(
      region: augmentation?.initialPatch ?? patch, patch: patch, foregroundShare: settings.oversampleForeground)
    validationPatches = PatchSampler(region: patch, patch: patch, foregroundShare: settings.oversampleForeground)
  }

  /// The training cases, then the validation cases.
  var storedCases: [StoredCase] { training + validation }

  /// Makes a batch.
  ///
  /// - Throws: `InputError` when the file of a case has become unreadable, or has a label that is not in
  ///   `dataset.json`.
  func batch(_ request: BatchRequest) throws -> Batch {
    let showsForeground = showsForeground(in: request)
    return try batch(
      of: request.cases, at: positions ?? request.cases.indices, request.kind, showsForeground: showsForeground,
      probabilities: request.probabilities
    ) { position, stored in
      try sample(request, position: position, stored, showsForeground: showsForeground[position])
    }
  }

  /// Makes a batch of tiles of whole cases, without augmentation.
  ///
  /// - Throws: `InputError` when the file of a case has become unreadable, or has a label that is not in
  ///   `dataset.json`.
  func batch(of tiles: [CaseTile], _ kind: BatchRequest.Kind) throws -> Batch {
    try batch(
      of: tiles.map(\.caseIndex), at: tiles.indices, kind, showsForeground: tiles.map { _ in false }
    ) { position, stored in
      try stored.withRegion(lower: tiles[position].lower, size: patch) { source in
        var patch = source.center(patch)
        patch.removeOutsideLabel()
        return patch
      }
    }
  }

  /// The tiles that cover each case, as few as that takes.
  func tiles(_ kind: BatchRequest.Kind) -> [CaseTile] {
    cases(kind).enumerated().flatMap { index, stored in
      CaseTile.covering(index, shape: stored.shape, patch: patch)
    }
  }

  private func cases(_ kind: BatchRequest.Kind) -> [StoredCase] { kind == .validation ? validation : training }

  /// Puts the samples at some positions together, with the channels last.
  private func batch(
    of cases: [Int], at positions: Range<Int>, _ kind: BatchRequest.Kind, showsForeground: [Bool],
    probabilities: [Double]? = nil, _ sample: (_ position: Int, _ stored: StoredCase) throws -> Patch
  ) throws -> Batch {
    let voxels = patch[0] * patch[1] * patch[2]
    var images = [Float](repeating: 0, count: positions.count * voxels * channels)
    var labels: [Int16] = []
    labels.reserveCapacity(positions.count * voxels)
    for (slot, position) in positions.enumerated() {
      let stored = self.cases(kind)[cases[position]]
      let sample = try sample(position, stored)
      try check(sample.labels, of: stored)
      labels += sample.labels
      images.withUnsafeMutableBufferPointer { images in
        sample.image.withUnsafeBufferPointer { image in
          let start = slot * voxels * channels
          for channel in 0..<channels {
            for voxel in 0..<voxels { images[start + voxel * channels + channel] = image[channel * voxels + voxel] }
          }
        }
      }
    }
    return Batch(
      images: images, labels: labels, cases: cases, showsForeground: showsForeground, probabilities: probabilities)
  }

  /// Checks the labels of a patch here, because the Dice of whole cases takes them for indices.
  ///
  /// - Throws: `InputError` when a label is not in `dataset.json`.
  private func check(_ labels: [Int16], of stored: StoredCase) throws {
    guard let unknownLabel = labels.first(where: { !self.labels.contains(Int($0)) }) else { return }
    throw InputError(
      "case \(stored.name)", found: "the label \(unknownLabel)",
      expected: "0 to \(self.labels.upperBound - 1), which dataset.json names", advice: "Preprocess the data set again."
    )
  }

  /// Whether the sample at each position must show foreground.
  ///
  /// nnU-Net's last positions are. Without replacement the hardest case is drawn first, so where hardness is estimated
  /// the positions are shuffled: what a patch shows has nothing to do with how hard its case is.
  private func showsForeground(in request: BatchRequest) -> [Bool] {
    let count = request.cases.count
    let patches = request.kind == .training ? trainingPatches : validationPatches
    let shows = (0..<count).map { patches.oversamplesForeground(position: $0, batchSize: count) }
    guard shufflesForeground, request.kind == .training else { return shows }
    var random = CounterRandom(seed: seed, iteration: request.iteration, position: 0, purpose: .foregroundOrder)
    return shows.shuffled(using: &random)
  }

  private func sample(
    _ request: BatchRequest, position: Int, _ stored: StoredCase, showsForeground: Bool
  ) throws -> Patch {
    let isTraining = request.kind == .training
    let patches = isTraining ? trainingPatches : validationPatches
    func random(_ purpose: RandomPurpose) -> CounterRandom {
      CounterRandom(seed: seed, iteration: request.iteration, position: position, purpose: purpose)
    }
    let purpose: RandomPurpose =
      switch request.kind {
      case .training: .patch
      case .validation: .validationPatch
      case .clean: .cleanPatch
      }
    var patchRandom = random(purpose)
    let lower = patches.lowerCorner(
      shape: stored.shape, centers: stored.patchCenters(showingForeground: showsForeground), using: &patchRandom)
    return try stored.withRegion(lower: lower, size: patches.region) { source in
      if isTraining, let augmentation {
        var augmentationRandom = random(.augmentation)
        return augmentation.apply(to: source, using: &augmentationRandom)
      }
      var patch = source.center(patch)
      patch.removeOutsideLabel()
      return patch
    }
  }
}
