import Cluster
import Datasets
import Foundation

extension StudyRunner {
  /// This process's steps: every so many trainings, and every so many predictions.
  static func divide(_ steps: [StudyStep], _ communicator: any Communicator) -> [StudyStep] {
    let own = Dictionary(grouping: steps, by: \.kind).values.flatMap(communicator.own)
    return steps.filter(own.contains)
  }

  /// Preprocesses the cases together, if that is not done, because each training by itself would begin with it.
  func preprocess(_ communicator: any Communicator) throws {
    guard communicator.decision(!PreprocessedStore.exists(in: folder.preprocessed)) else { return }
    let plan = try study.plan(of: study.arms[0], seed: study.seeds[0])
    logger.info("Preprocessing \(dataset.cases.count) cases into \(folder.preprocessed.relativePath)")
    try Preprocessor(plan: plan, description: dataset.description).run(
      dataset, to: folder.preprocessed, with: communicator)
  }

  /// Waits until other processes have done what a step needs. Those steps come earlier in the study, so that there is
  /// always one that waits for none.
  ///
  /// - Returns: `false` when a stop was requested meanwhile.
  func waitForOthers(before step: StudyStep, _ stopRequested: () -> Bool) throws -> Bool {
    guard communicator != nil else { return true }
    let needed = study.needed(by: step)
    while try !needed.allSatisfy(isDone) {
      if stopRequested() { return false }
      Thread.sleep(forTimeInterval: 0.5)
    }
    return true
  }
}

extension Study {
  /// The trainings that a step needs.
  func needed(by step: StudyStep) -> [StudyStep] {
    switch step {
    case .train(let arm, let seed, let fold):
      arms.filter { $0.name == arm.teacher }.map { .train($0, seed: seed, fold: fold) }
    case .predict(let arm, let seed):
      arms.filter { $0.name == arm.training }.flatMap { training in
        folds.map { .train(training, seed: seed, fold: $0) }
      }
    }
  }
}
