import Datasets
import Files
import Foundation
import Plans

extension ModelFolder {
  /// Makes sure that no model is lost by training into this folder.
  ///
  /// - Throws: `InputError` when there is one, finished or not, and it may be neither replaced nor taken up again.
  func check(_ task: TrainingTask) throws {
    guard !task.overwrites else { return }
    if has(.final), !task.resumes {
      throw InputError(
        url.path, found: "a finished model", expected: "a folder without one",
        advice: "Name another folder, or ask for it to be overwritten (--overwrite).")
    }
    if has(.latest), !task.resumes {
      throw InputError(
        url.path, found: "an unfinished training run", expected: "a folder without one",
        advice: "Take it up again (--resume), ask for it to be overwritten (--overwrite), or name another folder.")
    }
  }

  /// Makes sure that a run is taken up with the settings it was begun with; only the number of epochs may differ.
  ///
  /// - Throws: `InputError` when the plan in the folder is another one.
  func checkUnchanged(_ plan: Plan) throws {
    let begun = try Plan.read(self.plan)
    var training = begun.training
    training.epochs = plan.training.epochs
    guard training == plan.training, begun.configuration.patchSize == plan.configuration.patchSize,
      begun.configuration.batchSize == plan.configuration.batchSize,
      begun.configuration.batchDice == plan.configuration.batchDice
    else {
      throw InputError(
        self.plan.path, found: "a run begun with other settings", expected: "the settings it is taken up with",
        advice: "Resume with the plan and options of the first call, or begin a new run in another folder.")
    }
  }

  /// Writes the plan and the data set's description, and removes the checkpoints of a run that is replaced.
  ///
  /// - Throws: `InputError` when the folder cannot be written.
  func begin(_ task: TrainingTask, isNew: Bool) throws {
    try task.plan.write(to: plan)
    try task.description.write(to: description)
    guard isNew else { return }
    for kind in Checkpoint.allCases where has(kind) { try FileManager.default.removeItem(at: checkpoint(kind)) }
  }
}
