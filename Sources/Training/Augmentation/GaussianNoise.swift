import Statistics

/// Adds independent normal noise to every voxel of every channel.
struct GaussianNoise {
  /// The standard deviation, the same for all channels.
  let deviation: Double

  /// Draws a standard deviation in [0, 0.1), which nnU-Net calls the variance.
  static func random(using random: inout CounterRandom) -> GaussianNoise {
    GaussianNoise(deviation: random.uniform(0, 0.1))
  }

  func apply(to patch: inout Patch, using random: inout CounterRandom) {
    let deviation = Float(deviation)
    patch.image.withUnsafeMutableBufferPointer { image in
      for index in stride(from: 0, to: image.count, by: 2) {
        let (first, second) = random.normals()
        image[index] += deviation * first
        if index + 1 < image.count { image[index + 1] += deviation * second }
      }
    }
  }
}
