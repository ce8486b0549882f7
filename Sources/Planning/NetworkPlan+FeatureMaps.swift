import Datasets
import Plans

extension NetworkPlan {
  /// nnU-Net's measure of the memory a network takes: the elements of its feature maps for one sample, without deep
  /// supervision.
  ///
  /// - Parameters:
  ///   - patch: in voxels.
  ///   - labelCount: entries of `labels` in `dataset.json`, all of them.
  func featureMapElements(patch: [Int], labelCount: Int) -> Double {
    var size = patch
    let voxels = strides.map { stride in
      size = zip(size, stride).map { $0 / $1 }
      return Double(size.reduce(1, *))
    }
    let isResidual = className == Self.residualUNet
    // A residual encoder begins with a convolution of its own.
    var elements = isResidual ? Double(features[0] * patch.reduce(1, *)) : 0
    for stage in features.indices {
      var maps = convolutionsPerStage[stage]
      if isResidual {
        // Two convolutions a block, and one around the first block where that changes the shape.
        let isChanged = strides[stage].contains { $0 != 1 } || stage > 0 && features[stage] != features[stage - 1]
        maps = 2 * maps + (isChanged ? 1 : 0)
      }
      if stage < features.count - 1 {
        // The decoder's convolutions, listed from the coarsest stage on, and the transposed one that leads there.
        maps += convolutionsPerDecoderStage[features.count - 2 - stage] + 1
      }
      elements += Double(maps * features[stage]) * voxels[stage]
    }
    return features.count > 1 ? elements + Double(labelCount) * voxels[0] : elements
  }
}
