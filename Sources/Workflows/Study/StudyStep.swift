import Datasets

/// Something that a study does as a whole or not at all.
public enum StudyStep: Sendable, Equatable, CustomStringConvertible {
  /// The training of an arm on one fold.
  case train(Study.Arm, seed: Int, fold: Fold)
  /// The prediction and evaluation of the test cases, or of the cases that the folds held out.
  case predict(Study.Arm, seed: Int)

  public var description: String {
    switch self {
    case .train(let arm, let seed, let fold): "train \(arm.name), seed \(seed), fold \(fold)"
    case .predict(let arm, let seed): "predict \(arm.name), seed \(seed)"
    }
  }

  /// The verb, by which durations are compared.
  var kind: String {
    switch self {
    case .train: "train"
    case .predict: "predict"
    }
  }
}

extension Study {
  /// All steps. The arms of a seed come together, so that a study that is stopped early has complete seeds. Teachers
  /// come before their students.
  public var steps: [StudyStep] {
    seeds.flatMap { seed in
      armsInOrder.flatMap { arm -> [StudyStep] in
        let trainings = folds.map { StudyStep.train(arm, seed: seed, fold: $0) }
        return (arm.training == arm.name ? trainings : []) + [.predict(arm, seed: seed)]
      }
    }
  }
}
