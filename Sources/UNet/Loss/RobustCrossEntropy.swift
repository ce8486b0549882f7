import Tensors
import Threads

/// A cross-entropy that wrong labels mislead less, in place of that of ``Loss``: the soft Dice stays as it is.
///
/// A voxel's robust loss is a function of the probabilities, ``Kind``. The mean over voxels, the ignored label and the
/// weights of the network's outputs are as in `DiceCrossEntropy`. For regions each channel is a decision between two
/// answers, and the loss is a mean over the channels where that of the cross-entropy is one.
public struct RobustCrossEntropy {
  /// The form of the loss.
  public let kind: Kind
  private let network: Network
  private let ignored: Int16
  /// Whether the cross-entropy of regions is divided by their number.
  private let dividesByChannels: Bool
  /// The labels of the regions; `nil` for classes.
  private let regions: RegionTable?
  /// The number of voxels in a chunk.
  private static let chunkSize = 4096

  /// Creates the loss of a network's logits.
  ///
  /// - Parameters:
  ///   - kind: The form of the loss.
  ///   - network: The network that is trained.
  ///   - loss: The loss whose cross-entropy is replaced.
  public init(_ kind: Kind, network: Network, loss: Loss) {
    (self.kind, self.network) = (kind, network)
    ignored = Int16(loss.ignoreLabel ?? -1)
    regions = if case .regions(let regions) = loss.target { RegionTable(regions) } else { nil }
    dividesByChannels = regions != nil && loss.ignoreLabel == nil
  }

  /// Replaces the cross-entropy by the robust loss in the network's gradient with respect to the logits: adds the
  /// gradient of `sum_i factors[i] * (robust[i] - crossEntropy[i])`.
  ///
  /// Call it after ``Network/computeLoss(_:labels:sampleWeights:)``, which has checked the labels, and before
  /// ``Network/backward()``.
  ///
  /// - Parameters:
  ///   - labels: The labels at full resolution, (N, z, y, x).
  ///   - factors: The weight of each sample's loss.
  ///   - parameter: The parameter of the loss, within ``Kind/range``.
  /// - Returns: The robust loss of each sample, without Dice.
  @discardableResult
  public func replaceCrossEntropy(labels: [Int16], factors: [Double], parameter: Double) -> [Double] {
    let term = RobustTerm(kind: kind, parameter: Float(parameter), isDerivative: false)
    return add(term, labels: labels, factors: factors)
  }

  /// Sets the network's gradient with respect to the logits to how that of `sum_i factors[i] * robust[i]` changes with
  /// the unconstrained parameter η: its derivative.
  ///
  /// - Parameters: As for ``replaceCrossEntropy(labels:factors:parameter:)``.
  public func setDerivative(labels: [Int16], factors: [Double], parameter: Double) {
    for gradient in network.logitGradients { gradient.fill(0) }
    let slope = kind.slope(at: parameter)
    let term = RobustTerm(kind: kind, parameter: Float(parameter), isDerivative: true)
    _ = add(term, labels: labels, factors: factors.map { $0 * slope })
  }

  /// Adds a term to the gradients of all outputs whose loss has a weight, and returns the loss of each sample.
  private func add(_ term: RobustTerm, labels: [Int16], factors: [Double]) -> [Double] {
    var losses = [Double](repeating: 0, count: network.batchSize)
    let weights = DeepSupervision.weights(outputs: network.outputs.count)
    for (index, weight) in weights.enumerated() where weight > 0 {
      let (logits, gradient) = (network.outputs[index], network.logitGradients[index])
      let labels = DeepSupervision.downsample(
        labels, batch: network.batchSize, from: network.patch, to: Array(logits.shape[1...3]))
      let counted = labels.reduce(0) { $0 + ($1 == ignored ? 0 : 1) }
      guard counted > 0 else { continue }
      let perVoxel = weight * Double(network.batchSize) / Double(counted * (dividesByChannels ? logits.shape[4] : 1))
      let sums = add(term, logits, labels, scales: factors.map { Float($0 * perVoxel) }, to: gradient)
      for n in losses.indices { losses[n] += sums[n] * perVoxel }
    }
    return losses
  }

  /// Adds a term to the gradient of one output, and returns the sum of each sample's losses.
  private func add(
    _ term: RobustTerm, _ logits: Tensor, _ labels: [Int16], scales: [Float], to gradient: Tensor
  ) -> [Double] {
    let (voxels, channels) = (logits.shape[1...3].reduce(1, *), logits.shape[4])
    let chunks = (voxels + Self.chunkSize - 1) / Self.chunkSize
    var sums = [Double](repeating: 0, count: scales.count * chunks)
    let (z, g) = (SharedPointer(logits.pointer), SharedPointer(gradient.pointer))
    labels.withUnsafeBufferPointer { labels in
      sums.withUnsafeMutableBufferPointer { sums in
        let (labels, sums) = (SharedPointer(labels.baseAddress!), SharedPointer(sums.baseAddress!))
        Parallel.forEach(scales.count * chunks) { [regions, ignored] task in
          let lower = task / chunks * voxels + task % chunks * Self.chunkSize
          let upper = min((task / chunks + 1) * voxels, lower + Self.chunkSize)
          var sum = 0.0
          for v in lower..<upper where labels.pointer[v] != ignored {
            let (label, scale) = (Int(labels.pointer[v]), scales[task / chunks])
            let (row, target) = (z.pointer + v * channels, g.pointer + v * channels)
            if let regions {
              for c in 0..<channels {
                let isInside = regions.contains(label, region: c)
                sum += Double(term.addRegion(row[c], isInside: isInside, scale: scale, to: target + c))
              }
            } else {
              sum += Double(term.addClasses(row, label: label, channels: channels, scale: scale, to: target))
            }
          }
          sums.pointer[task] = sum
        }
      }
    }
    return scales.indices.map { n in sums[n * chunks..<(n + 1) * chunks].reduce(0, +) }
  }
}
