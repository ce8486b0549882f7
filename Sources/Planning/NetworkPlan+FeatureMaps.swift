import Datasets
import Plans

extension NetworkPlan {
  /// nnU-Net's estimate of the memory a network takes: the elements of all feature maps of one sample, without deep
  /// supervision.
  ///
  /// With f features, v voxels, c encoder convolutions and d decoder convolutions in stage s of S, full resolution
  /// first, and L labels:
  ///
  ///     Σ_s f(s) · v(s) · c(s)  +  Σ_{s < S−1} f(s) · v(s) · (d(s) + 1)  +  L · v(0)
  ///
  /// The 1 counts the transposed convolution. For a residual encoder of b blocks, c = 2 b, plus 1 where the stage
  /// changes the shape or the number of features, and f(0) · v(0) is added for the first convolution.
  ///
  /// - Parameters:
  ///   - patch: Patch size in voxels.
  ///   - labelCount: All entries of `labels` in `dataset.json`, background, regions and ignore included.
  func featureMapElements(patch: [Int], labelCount: Int) -> Double {
    var size = patch
    let voxels = strides.map { stride in
      size = zip(size, stride).map { $0 / $1 }
      return Double(size.reduce(1, *))
    }
    let isResidual = className == Self.residualUNet
    // A residual encoder begins with a convolution outside its blocks.
    var elements = isResidual ? Double(features[0] * patch.reduce(1, *)) : 0
    for stage in features.indices {
      var maps = convolutionsPerStage[stage]
      if isResidual {
        // Each block has two convolutions; the shortcut around the first has one if the block changes the shape.
        let isChanged = strides[stage].contains { $0 != 1 } || stage > 0 && features[stage] != features[stage - 1]
        maps = 2 * maps + (isChanged ? 1 : 0)
      }
      if stage < features.count - 1 {
        // The decoder's convolutions are listed coarsest stage first.
        maps += convolutionsPerDecoderStage[features.count - 2 - stage] + 1
      }
      elements += Double(maps * features[stage]) * voxels[stage]
    }
    return features.count > 1 ? elements + Double(labelCount) * voxels[0] : elements
  }
}
