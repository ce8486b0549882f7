import Foundation
import TensorFiles
import Tensors
import TestSupport

extension Safetensors {
  /// Writes the tensors to a file and reads it.
  static func reread(_ tensors: [Safetensors.Tensor]) throws -> Safetensors {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("a.safetensors")
      try Safetensors.write(tensors, to: url)
      return try Safetensors(contentsOf: url)
    }
  }

  /// The tensors whose names begin with a prefix, under the rest of their names.
  func part(_ prefix: String) throws -> Safetensors {
    try .reread(
      entries.filter { $0.key.hasPrefix(prefix) }.map {
        .init(String($0.key.dropFirst(prefix.count)), shape: $0.value.shape, floats: try floats($0.key))
      })
  }

  /// The elements of a tensor (n, c, z, y, x), or one with fewer spatial axes, in the order (n, z, y, x, c).
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
