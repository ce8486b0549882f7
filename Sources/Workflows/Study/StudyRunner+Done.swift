import Datasets
import Files
import Foundation
import Inference
import Training

extension StudyRunner {
  /// Whether a step is done.
  ///
  /// - Throws: `InputError` when a training in the folder was done with another plan or another teacher.
  func isDone(_ step: StudyStep) throws -> Bool {
    switch step {
    case .train(let arm, let seed, let fold):
      let model = folder.model(arm.name, seed, fold)
      guard model.has(.final) || model.has(.latest) else { return false }
      let (stored, plan) = (try model.readPlan(), try study.plan(of: arm, seed: seed))
      let epochs = ("training.epochs", "\(stored.training.epochs)", "\(plan.training.epochs)")
      let isLong = stored.training.epochs != plan.training.epochs
      if let (key, found, expected) = try stored.trainingDifference(from: plan) ?? (isLong ? epochs : nil) {
        throw difference(model, "a training with another plan, whose \(key) is \(found)", expected, arm)
      }
      if let teacher = arm.teacher, try hasOtherTeacher(model, than: folder.model(teacher, seed, fold)) {
        throw difference(model, "a training with another teacher", "the present weights of \(teacher)", arm)
      }
      return model.has(.final)
    case .predict(let arm, let seed):
      return FileManager.default.fileExists(atPath: folder.scores(arm.name, seed).path)
    }
  }

  /// Whether a training was begun with other weights than its teacher has now; `false` while these are not known.
  private func hasOtherTeacher(_ student: ModelFolder, than teacher: ModelFolder) throws -> Bool {
    guard student.has(.latest), teacher.has(.final),
      let found = try TrainingCheckpoint.teacher(in: student.checkpoint(.latest)),
      let expected = try ModelTeacher.checksum(of: [Model(teacher)])
    else { return false }
    return found != expected
  }

  private func difference(_ model: ModelFolder, _ found: String, _ expected: String, _ arm: Study.Arm) -> InputError {
    InputError(
      model.url.path, found: found, expected: "\(expected), as the study says of \(arm.name)",
      advice: "Name another folder for the changed study, or remove that training.")
  }
}
