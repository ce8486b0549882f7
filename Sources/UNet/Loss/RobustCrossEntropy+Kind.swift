import Foundation

extension RobustCrossEntropy {
  /// The form of a robust loss of a voxel whose label has the probability p. Each has one parameter.
  ///
  /// The cross-entropy is ℓ = −log p. All but `biTempered` are functions f(ℓ), so that their gradient is f′(ℓ) times
  /// that of the cross-entropy: voxels with a large ℓ, whose labels are the least likely, count less.
  public enum Kind: String, Sendable, CaseIterable {
    /// The generalized cross-entropy of Zhang and Sabuncu (2018), (1 − p^q) / q, with the parameter q. Its gradient has
    /// the factor p^q. Near 0 it is the cross-entropy, at 1 the mean absolute error.
    case generalized
    /// The symmetric cross-entropy of Wang et al. (2019), (1 − a) · ℓ + a · 4 (1 − p), with the parameter a.
    ///
    /// The paper has α · ℓ + β · reverse cross-entropy, with log 0 = −4 in the latter. Ours is that divided by α + β,
    /// with a = β / (α + β), so that the strength of the loss is not learned with its form.
    case symmetric
    /// The bi-tempered logistic loss of Amid et al. (2019) with the parameter t₁, and t₂ = 1 so that the probabilities
    /// stay those of the softmax: (1 − p^u) / u − (1 − Σ p_c^(1+u)) / (1 + u) with u = 1 − t₁. Near 1 it is the
    /// cross-entropy, at 0 half the squared error of the probabilities.
    case biTempered = "bi-tempered"
    /// A polynomial soft weighting, as in self-paced learning, with the parameter λ: λ/3 · (1 − max(0, 1 − ℓ/λ)³).
    ///
    /// Its gradient has the factor max(0, 1 − ℓ/λ)²: the weight v at which v · ℓ + λ · (v^d / d − v) is least, for
    /// d = 3/2. Voxels with ℓ ≥ λ count no more. The larger λ is, the closer is the cross-entropy.
    case polynomial

    /// The values that the parameter may have.
    public var range: ClosedRange<Double> {
      switch self {
      case .generalized: 0.001...1
      case .symmetric: 0...1
      case .biTempered: 0...0.999
      case .polynomial: 0.1...100
      }
    }

    /// The values that a learned parameter takes: those with |η| ≤ 6, where a change of η still changes it.
    public var learnedRange: ClosedRange<Double> {
      parameter(-Self.largestUnconstrained)...parameter(Self.largestUnconstrained)
    }

    /// The largest |η| of a learned parameter.
    public static let largestUnconstrained = 6.0

    /// The parameter that belongs to an unconstrained η: the lower bound + width of the range / (1 + exp(−η)).
    public func parameter(_ unconstrained: Double) -> Double {
      range.lowerBound + (range.upperBound - range.lowerBound) / (1 + exp(-unconstrained))
    }

    /// The η of a parameter; infinite at the bounds of the range.
    public func unconstrained(_ parameter: Double) -> Double {
      log((parameter - range.lowerBound) / (range.upperBound - parameter))
    }

    /// The derivative of the parameter with respect to η.
    func slope(at parameter: Double) -> Double {
      (parameter - range.lowerBound) * (range.upperBound - parameter) / (range.upperBound - range.lowerBound)
    }
  }
}
