import Datasets
import Foundation
import Imaging
import NIfTI
import Plans
import UNet

@testable import Inference

/// Prediction as it is defined, in plain loops: the logits of the whole volume are summed, then resampled channel by
/// channel, labeled, and put back into the image.
struct WholeVolumePrediction {
  let labels: Volume<Int32>
  let probabilities: [Float]

  init(_ rawCase: RawCase, _ models: [Model], step: Double, mirrorAxes: [Int]) throws {
    let model = models[0]
    let image = try PredictionInput(
      rawCase, model.dataset, [Preprocessor(plan: model.plan, description: model.dataset)]
    ).images[0]
    let logits = try Self.logits(of: image, models, step: step, mirrorAxes: mirrorAxes)
    let (plan, properties) = (model.plan, image.properties)
    let settings = plan.configuration.probabilityResampling
    let resampled = logits.map {
      Resampling.resample(
        $0, to: properties.shapeAfterCropping, spacing: plan.configuration.spacing,
        newSpacing: plan.transposeForward.map { properties.spacing[$0] }, order: settings.order,
        orderZ: settings.orderZ, forceSeparateZ: settings.forceSeparateZ
      ).voxels
    }
    func restore<Voxel>(_ voxels: [Voxel], background: Voxel) -> Volume<Voxel> {
      let bounds = properties.boundingBox
      return Volume(shape: properties.shapeAfterCropping, voxels: voxels).inserted(
        at: BoundingBox(lower: bounds.map { $0[0] }, upper: bounds.map { $0[1] }), of: properties.shapeBeforeCropping,
        background: background
      ).transposed(plan.transposeBackward)
    }
    let regions = model.dataset.hasRegions ? model.dataset.regionsClassOrder : nil
    var labels: [Int32] = []
    var probabilities = Array(repeating: [Float](), count: resampled.count)
    for voxel in resampled[0].indices {
      let values = resampled.map { $0[voxel] }
      if let regions {
        labels.append(Int32(zip(values, regions).reversed().first { $0.0 > 0 }?.1 ?? 0))
        for (channel, value) in values.enumerated() { probabilities[channel].append(1 / (1 + exp(-value))) }
      } else {
        labels.append(Int32(values.firstIndex(of: values.max() ?? 0) ?? 0))
        let exponentials = values.map { exp($0 - (values.max() ?? 0)) }
        let sum = exponentials.reduce(0, +)
        for (channel, value) in exponentials.enumerated() { probabilities[channel].append(value / sum) }
      }
    }
    self.labels = restore(labels, background: 0)
    self.probabilities = probabilities.enumerated().flatMap { channel, values in
      restore(values, background: channel == 0 && regions == nil ? 1 : 0).voxels
    }
  }

  private static func logits(
    of image: PreprocessedCase, _ models: [Model], step: Double, mirrorAxes: [Int]
  ) throws -> [Volume<Float>] {
    let patch = models[0].configuration.patchSize
    let (shape, channels) = (image.shape, models[0].architecture.outputChannels)
    let padded = zip(shape, patch).map { max($0, $1) }
    let before = zip(padded, shape).map { ($0 - $1) / 2 }
    let starts = (0..<3).map { SlidingWindow.starts(extent: padded[$0], tile: patch[$0], step: step) }
    let coverage = (0..<3).map { SlidingWindow.coverage(extent: padded[$0], tile: patch[$0], starts: starts[$0]) }
    let weights = SlidingWindow.gaussian(patch: patch)
    let share = 1 / Float(models.count << mirrorAxes.count)
    let network = try Network(models[0].architecture, patch: patch, batchSize: 1, training: false)
    var sums = Array(repeating: Array(repeating: Float(0), count: padded.reduce(1, *)), count: channels)
    for z in starts[0] {
      for model in models {
        try network.load(model.weights)
        for y in starts[1] {
          for x in starts[2] {
            for subset in 0..<1 << mirrorAxes.count {
              /// The voxel of the padded volume, and that of the network, for a voxel of the tile.
              func voxels(_ tile: [Int]) -> (volume: [Int], network: Int) {
                var mirrored = tile
                for (bit, axis) in mirrorAxes.enumerated() where subset >> bit & 1 == 1 {
                  mirrored[axis] = patch[axis] - 1 - tile[axis]
                }
                return (
                  [z + tile[0], y + tile[1], x + tile[2]],
                  (mirrored[0] * patch[1] + mirrored[1]) * patch[2] + mirrored[2]
                )
              }
              let tiles = (0..<patch.reduce(1, *)).map {
                [$0 / (patch[1] * patch[2]), $0 / patch[2] % patch[1], $0 % patch[2]]
              }
              for tile in tiles {
                let (volume, target) = voxels(tile)
                let position = zip(volume, before).map { $0 - $1 }
                let isInside = zip(position, shape).allSatisfy { $0 >= 0 && $0 < $1 }
                network.input.withUnsafeMutableBufferPointer {
                  $0[target] =
                    isInside ? image.data[(position[0] * shape[1] + position[1]) * shape[2] + position[2]] : 0
                }
              }
              network.forward()
              network.outputs[0].withUnsafeBufferPointer { output in
                for (index, tile) in tiles.enumerated() {
                  let (volume, source) = voxels(tile)
                  let target = (volume[0] * padded[1] + volume[1]) * padded[2] + volume[2]
                  let weight = share * weights[index]
                  for channel in 0..<channels { sums[channel][target] += weight * output[source * channels + channel] }
                }
              }
            }
          }
        }
      }
    }
    return sums.map { sums in
      var volume = Volume<Float>(shape: shape, repeating: 0)
      for z in 0..<shape[0] {
        for y in 0..<shape[1] {
          for x in 0..<shape[2] {
            let (pz, py, px) = (z + before[0], y + before[1], x + before[2])
            let weight = SlidingWindow.peak * coverage[0][pz] * coverage[1][py] * coverage[2][px]
            volume[z, y, x] = Float(Double(sums[(pz * padded[1] + py) * padded[2] + px]) / weight)
          }
        }
      }
      return volume
    }
  }
}
