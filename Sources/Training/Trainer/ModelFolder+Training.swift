import Datasets
import Files
import Foundation
import Plans

extension ModelFolder {
  /// Checks that training into this folder does not replace a model by accident.
  ///
  /// - Throws: `InputError` when the folder holds a model, finished or not, that the task neither resumes nor
  ///   overwrites.
  func checkAvailability(for task: TrainingTask) throws {
    guard !task.overwrites else { return }
    if has(.final), !task.resumes {
      throw InputError(
        url.path, found: "a finished model", expected: "a folder without one",
        advice: "Use another folder, or overwrite the model (--overwrite).")
    }
    if has(.latest), !task.resumes {
      throw InputError(
        url.path, found: "an unfinished training run", expected: "a folder without one",
        advice: "Resume it (--resume), overwrite it (--overwrite), or use another folder.")
    }
  }

  /// Checks that a run is resumed with the settings it was started with; only the number of epochs may differ.
  ///
  /// - Throws: `InputError` when the plan in the folder differs from `plan`.
  func checkUnchanged(_ plan: Plan) throws {
    let stored = try Plan.read(self.plan)
    var training = stored.training
    training.epochs = plan.training.epochs
    guard training == plan.training, stored.configuration.patchSize == plan.configuration.patchSize,
      stored.configuration.batchSize == plan.configuration.batchSize,
      stored.configuration.batchDice == plan.configuration.batchDice
    else {
      throw InputError(
        self.plan.path, found: "a run that was started with other settings", expected: "the settings of this call",
        advice: "Resume with the plan and options of the first call, or start a new run in another folder.")
    }
  }

  /// Writes the plan and the data set's description, and removes the checkpoints of a run that is replaced.
  ///
  /// - Parameters:
  ///   - task: What to train.
  ///   - isNew: Whether the run starts from the beginning.
  /// - Throws: `InputError` when the folder cannot be written.
  func prepare(for task: TrainingTask, isNew: Bool) throws {
    try task.plan.write(to: plan)
    try task.description.write(to: description)
    guard isNew else { return }
    for kind in Checkpoint.allCases where has(kind) { try FileManager.default.removeItem(at: checkpoint(kind)) }
  }
}
