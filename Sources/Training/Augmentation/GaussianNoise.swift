import Statistics

/// Adds independent normal noise to every voxel of every channel.
struct GaussianNoise {
  let deviation: Double

  /// A standard deviation from 0 to 0.1.
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
