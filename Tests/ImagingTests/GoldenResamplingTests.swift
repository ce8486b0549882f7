import Foundation
import Imaging
import NIfTI
import TestSupport
import Testing

/// Protects resampling: images and labels are resampled as by nnU-Net's `resample_data_or_seg_to_shape`.
///
/// The reference values were made with that function's default, which never resamples an axis separately. Plans ask for
/// the rule by spacing (`force_separate_z` null), which `ResamplingTests` and `GoldenPreprocessingTests` protect.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence)))
struct GoldenResamplingTests {
  @Test func agreesWithNNUNet() throws {
    let golden = try Golden.tensors("resampling.safetensors")
    let shape = Array(try golden.entry("data").shape[1...])
    let data = Volume(shape: shape, voxels: try golden.floats("data"))
    let labels = Volume(shape: shape, voxels: try golden.integers("labels"))
    var example = 0
    while golden.entries["\(example)/new_shape"] != nil {
      let target = try golden.integers("\(example)/new_shape").map { Int($0) }
      let spacing = try golden.doubles("\(example)/spacing")
      let newSpacing = try golden.doubles("\(example)/new_spacing")
      for order in [1, 3] {
        let found = Resampling.resample(
          data, to: target, spacing: spacing, newSpacing: newSpacing, order: order, forceSeparateZ: false)
        let expected = try golden.floats("\(example)/data_order\(order)")
        let worst = zip(found.voxels, expected).map { abs($0 - $1) }.max() ?? 0
        #expect(found.voxels.count == expected.count && worst < 1e-5, "\(example) order \(order): \(worst)")
      }
      let found = Resampling.resampleLabels(
        labels, to: target, spacing: spacing, newSpacing: newSpacing, forceSeparateZ: false)
      let expected = try golden.integers("\(example)/labels_order1")
      let different = zip(found.voxels, expected).count { $0 != $1 }
      #expect(found.voxels.count == expected.count && different * 1000 <= expected.count, "\(example): \(different)")
      example += 1
    }
    #expect(example > 0)
  }
}
