import Foundation
import TensorFiles
import Tensors
import TestSupport

extension Safetensors {
  /// What a file of these tensors reads as.
  static func reread(_ tensors: [Safetensors.Tensor]) throws -> Safetensors {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a.safetensors")
      try Safetensors.write(tensors, to: url)
      return try Safetensors(contentsOf: url)
    }
  }

  /// The tensors under a prefix, as a file of their own.
  func part(_ prefix: String) throws -> Safetensors {
    try .reread(
      entries.filter { $0.key.hasPrefix(prefix) }.map {
        .init(String($0.key.dropFirst(prefix.count)), shape: $0.value.shape, floats: try floats($0.key))
      })
  }

  /// A tensor (n, c, z, y, x), or the like of fewer axes, as (n, z, y, x, c).
  func channelsLast(_ name: String) throws -> [Float] {
    let (source, shape) = (try floats(name), try entry(name).shape)
    let (channels, voxels) = (shape[1], shape[2...].reduce(1, *))
    var result = source
    for n in 0..<shape[0] {
      for c in 0..<channels {
        for v in 0..<voxels { result[(n * voxels + v) * channels + c] = source[(n * channels + c) * voxels + v] }
      }
    }
    return result
  }
}
