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
    try checkAvailability(resumes: task.resumes, overwrites: task.overwrites)
  }

  /// The same for a task that is yet to be made: `resumes` and `overwrites` are those of `TrainingTask`.
  ///
  /// - Throws: `InputError` as above, and when there is a model to be resumed without the checkpoint for that.
  public func checkAvailability(resumes: Bool, overwrites: Bool) throws {
    let hasLog = FileManager.default.fileExists(atPath: log.path)
    // A finished model may be trained further, which takes a checkpoint, or just be evaluated again.
    if resumes, !has(.latest), has(.final) ? overwrites : hasLog {
      throw InputError(
        url.path,
        found: "\(has(.final) ? "a finished model" : "the log of a training"), but no "
          + checkpoint(.latest).lastPathComponent,
        expected: "a run that can be resumed",
        advice: "Put the checkpoint back, or start anew (--overwrite without --resume), which replaces what is there.")
    }
    guard !overwrites else { return }
    if has(.final), !resumes {
      throw InputError(
        url.path, found: "a finished model", expected: "a folder without one",
        advice: "Use another folder, or overwrite the model (--overwrite).")
    }
    if has(.latest), !resumes {
      throw InputError(
        url.path, found: "an unfinished training run", expected: "a folder without one",
        advice: "Resume it (--resume), overwrite it (--overwrite), or use another folder.")
    }
  }

  /// Checks that no other process has trained in this folder since `checkAvailability(for:)`.
  ///
  /// - Throws: `InputError` when there is a checkpoint that a new run would replace.
  func checkUntouched() throws {
    guard !has(.latest) else {
      throw InputError(
        url.path, found: "a training that another process has begun", expected: "a folder without one",
        advice: "Use another folder, or resume that training (--resume).")
    }
  }

  /// Checks that a run is resumed with the settings and labels it was started with; only the number of epochs may
  /// differ.
  ///
  /// - Throws: `InputError` when the plan or the description in the folder differs from the task's.
  func checkUnchanged(_ task: TrainingTask) throws {
    let advice = "Resume with the plan and options of the first call, or start a new run in another folder."
    if let (key, own, other) = try Plan.read(plan).trainingDifference(from: task.plan) {
      throw InputError(
        plan.path, found: "a run that was started with \(key) \(own)", expected: "\(other), as in this call",
        advice: advice)
    }
    let (stored, labels) = (try readDescription(), task.description.labels)
    guard stored.labels == labels, stored.regionsClassOrder == task.description.regionsClassOrder else {
      throw InputError(
        description.path, found: "a run on the labels \(stored.labels.map(\.name).joined(separator: ", "))",
        expected: "\(labels.map(\.name).joined(separator: ", ")), as in the data set", advice: advice)
    }
    guard stored.channelNames == task.description.channelNames else {
      throw InputError(
        description.path, found: "a run on the channels \(stored.channelNames.joined(separator: ", "))",
        expected: "\(task.description.channelNames.joined(separator: ", ")), as in the data set", advice: advice)
    }
  }

  /// Writes the plan and the data set's description, and sets the checkpoints of a run aside that is replaced.
  ///
  /// - Parameters:
  ///   - task: What to train.
  ///   - isNew: Whether the run starts from the beginning.
  /// - Throws: `InputError` when the folder cannot be written.
  func prepare(for task: TrainingTask, isNew: Bool) throws {
    if isNew { try setAside() }
    try task.plan.write(to: plan)
    try task.description.write(to: description)
  }

  /// A model that is being replaced, with its plan; it is removed when its successor is complete.
  private var replaced: ModelFolder { ModelFolder(url.appendingPathComponent("replaced")) }

  /// Moves the checkpoints and their plan into the folder `replaced`, unless a finished model is there already.
  private func setAside() throws {
    let files = FileManager.default
    let present = Checkpoint.allCases.filter(has)
    guard !present.isEmpty else { return }
    if replaced.has(.final) {
      for kind in present { try files.removeItem(at: checkpoint(kind)) }
      return
    }
    removeReplaced()
    try files.createDirectory(at: replaced.url, withIntermediateDirectories: true)
    for (old, new) in [(plan, replaced.plan), (description, replaced.description)]
    where files.fileExists(atPath: old.path) {
      try files.copyItem(at: old, to: new)
    }
    for kind in present { try files.moveItem(at: checkpoint(kind), to: replaced.checkpoint(kind)) }
  }

  /// Removes the model that was replaced.
  func removeReplaced() { try? FileManager.default.removeItem(at: replaced.url) }
}
