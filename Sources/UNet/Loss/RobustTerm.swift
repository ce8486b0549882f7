import Foundation

/// What a robust loss adds to the gradient of one voxel with respect to its logits.
///
/// With the probabilities p of the classes, ℓ[c] = −log p[c], the label l and g[c] = 1 if c = l, else 0, that is
///
///     h(ℓ[l]) · (p[c] − g[c])                             and for the bi-tempered loss also
///     p[c] · (h(ℓ[c]) − sum of p[k] · h(ℓ[k]) over k)
///
/// Here h is f′ − 1, which turns the cross-entropy's gradient into the robust loss's, or the derivative of f′ with
/// respect to the parameter. That the bi-tempered loss's second part has the same h follows from its definition.
struct RobustTerm: Sendable {
  let kind: RobustCrossEntropy.Kind
  let parameter: Float
  /// Whether h is the derivative with respect to the parameter.
  let isDerivative: Bool

  /// h of a cross-entropy ℓ.
  private func factor(_ entropy: Float) -> Float {
    switch (kind, isDerivative) {
    case (.generalized, false): return expm1f(-parameter * entropy)
    case (.generalized, true): return -entropy * expf(-parameter * entropy)
    case (.symmetric, false): return parameter * (4 * expf(-entropy) - 1)
    case (.symmetric, true): return 4 * expf(-entropy) - 1
    case (.biTempered, false): return expm1f((parameter - 1) * entropy)
    case (.biTempered, true): return entropy * expf((parameter - 1) * entropy)
    case (.polynomial, _):
      let share = min(entropy / parameter, 1)
      return isDerivative ? 2 * (1 - share) * share / parameter : share * (share - 2)
    }
  }

  /// The loss of a voxel with the cross-entropy ℓ of its label, apart from the second part of the bi-tempered loss.
  private func value(_ entropy: Float) -> Float {
    switch kind {
    case .generalized: return -expm1f(-parameter * entropy) / parameter
    case .symmetric: return (1 - parameter) * entropy - 4 * parameter * expm1f(-entropy)
    case .biTempered: return expm1f((parameter - 1) * entropy) / (parameter - 1)
    case .polynomial:
      let share = min(entropy / parameter, 1)
      return parameter * share * (1 - share + share * share / 3)
    }
  }

  /// Adds to the gradient of a voxel's classes.
  ///
  /// - Returns: The loss of the voxel; without meaning for the derivative.
  func addClasses(
    _ logits: UnsafePointer<Float>, label: Int, channels: Int, scale: Float, to gradient: UnsafeMutablePointer<Float>
  ) -> Float {
    var highest = logits[0]
    for c in 1..<channels { highest = max(highest, logits[c]) }
    var total: Float = 0
    for c in 0..<channels { total += expf(logits[c] - highest) }
    let logTotal = highest + logf(total)
    let entropy = logTotal - logits[label]
    let change = scale * factor(entropy)
    for c in 0..<channels { gradient[c] += change * expf(logits[c] - logTotal) }
    gradient[label] -= change
    guard kind == .biTempered else { return value(entropy) }
    var mean: Float = 0
    for c in 0..<channels { mean += expf(logits[c] - logTotal) * factor(logTotal - logits[c]) }
    for c in 0..<channels {
      gradient[c] += scale * expf(logits[c] - logTotal) * (factor(logTotal - logits[c]) - mean)
    }
    return value(entropy) + mean / (2 - parameter)
  }

  /// Adds to the gradient of a region, which has two answers: inside and outside.
  ///
  /// - Returns: The loss of the region; without meaning for the derivative.
  func addRegion(_ logit: Float, isInside: Bool, scale: Float, to gradient: UnsafeMutablePointer<Float>) -> Float {
    // The logit of the right answer, and the cross-entropies of both; neither can overflow.
    let right = isInside ? logit : -logit
    let logOne = log1pf(expf(-abs(right)))
    let (entropy, other) = (max(-right, 0) + logOne, max(right, 0) + logOne)
    var change = -factor(entropy) * expf(-other)
    var loss = value(entropy)
    if kind == .biTempered {
      let (p, q) = (expf(-entropy), expf(-other))
      change += p * q * (factor(entropy) - factor(other))
      loss += (p * factor(entropy) + q * factor(other)) / (2 - parameter)
    }
    gradient.pointee += (isInside ? scale : -scale) * change
    return loss
  }
}
