import Datasets
import Files
import Foundation
import Plans
import Tensors

/// A comparison of several ways to train, each with the same seeds and folds: what a study file says.
///
/// A study file is a JSON object:
///
/// - `plan`: The plan file, relative to the study file.
/// - `set`: Changes to the plan for all arms, an object of keys as in `training.epochs` and their values.
/// - `arms`: A list of at least two objects, see ``Arm``; the first is what the others are compared with.
/// - `seeds`: A list of numbers.
/// - `folds`: A list such as `["all"]` or `["0", "1"]`.
/// - `splits`: A file like nnU-Net's `splits_final.json`, relative to the study file; the data set's own when left out.
/// - `precision`: `float32`, the default, or `bfloat16`.
/// - `mirroring`: Whether predictions are averaged over mirror images; true when left out.
public struct Study: Sendable {
  /// One way to train, or other weights of a training.
  public struct Arm: Sendable, Equatable {
    /// The name, which is also that of the arm's folder; key `name`.
    public let name: String
    /// The arm whose trainings it takes; key `training`, the arm's own when left out.
    public let training: String
    /// The arm whose training with the same seed and fold is the teacher of this arm's; key `teacher`, `nil` when left
    /// out.
    public let teacher: String?
    /// Which weights predict; key `checkpoint`, those of the last epoch when left out.
    public let checkpoint: ModelFolder.Checkpoint
    /// Changes to the plan beside those of the study; key `set`, for an arm with trainings of its own.
    public let settings: [PlanSetting]
  }

  /// The arms in the order of the file.
  public let arms: [Arm]
  /// The seeds with which each arm is trained.
  public let seeds: [Int]
  /// The folds on which each arm is trained with each seed.
  public let folds: [Fold]
  /// Names the cases of the folds; the data set's own file when `nil`.
  public let splits: URL?
  /// Of activations and convolutions in training.
  public let precision: Precision
  /// Whether predictions are averaged over mirror images.
  public let mirrors: Bool
  /// The plan with the changes for all arms.
  private let plan: Plan

  /// Reads a study file and its plan.
  ///
  /// - Throws: `InputError` when a file cannot be read, a key is missing, unknown or of another kind, or the plan does
  ///   not have a key that is to be set.
  public init(contentsOf url: URL) throws {
    let fields = try JSONFields(JSON.read(url), file: url.path)
    try fields.allow(["plan", "set", "arms", "seeds", "folds", "splits", "precision", "mirroring"])
    let folder = url.deletingLastPathComponent()
    func file(_ path: String) -> URL { URL(fileURLWithPath: path, relativeTo: folder) }
    var plan = try Plan.read(file(fields.string("plan")))
    try plan.apply(Self.settings(fields))
    self.plan = plan
    arms = try Self.arms(fields)
    seeds = try fields.ints("seeds")
    folds = try fields.strings("folds").map { try Fold($0) }
    splits = try fields.stringIfPresent("splits").map(file)
    precision = try fields.choice("precision", default: .float32)
    mirrors = try fields.boolIfPresent("mirroring") ?? true
    guard !seeds.isEmpty, Set(seeds).count == seeds.count, seeds.allSatisfy({ $0 >= 0 }) else {
      throw fields.error("seeds", found: "\(seeds)", expected: "different numbers from 0")
    }
    guard !folds.isEmpty, Set(folds.map(\.description)).count == folds.count else {
      throw fields.error("folds", found: "\(folds)", expected: "different folds")
    }
    let plans = try arms.map { try self.plan(of: $0, seed: seeds[0]) }
    if let (found, expected) = teachingMistake(plans) { throw fields.error("arms", found: found, expected: expected) }
  }

  /// The plan of an arm's training.
  ///
  /// - Throws: `InputError` when the plan does not have a key that the arm sets.
  func plan(of arm: Arm, seed: Int) throws -> Plan {
    var plan = plan
    try plan.apply(arm.settings)
    plan.training.seed = seed
    return plan
  }

  private static func settings(_ fields: JSONFields) throws -> [PlanSetting] {
    guard let set = try fields.fieldsIfPresent("set") else { return [] }
    return set.object.map { PlanSetting($0.key.split(separator: ".").map(String.init), $0.value) }
  }

  private static func arms(_ fields: JSONFields) throws -> [Arm] {
    let arms = try fields.objects("arms").map { arm in
      try arm.allow(["name", "training", "teacher", "checkpoint", "set"])
      let name = try arm.string("name")
      guard name.wholeMatch(of: /[\w+][\w+.-]*/) != nil else {
        throw arm.error("name", found: "\"\(name)\"", expected: "letters, digits, and _ + . - after the first")
      }
      return Arm(
        name: name, training: try arm.stringIfPresent("training") ?? name, teacher: try arm.stringIfPresent("teacher"),
        checkpoint: try arm.choice("checkpoint", default: .final), settings: try settings(arm))
    }
    guard arms.count > 1, Set(arms.map(\.name)).count == arms.count else {
      throw fields.error("arms", found: "\(arms.map(\.name))", expected: "two or more of different names")
    }
    for arm in arms where arm.training != arm.name {
      let extra = (arm.settings.isEmpty ? "" : " and set") + (arm.teacher == nil ? "" : " and a teacher")
      guard extra.isEmpty, arms.contains(where: { $0.name == arm.training && $0.training == $0.name }) else {
        throw fields.error(
          "arms", found: "\(arm.name) with the trainings of \(arm.training)\(extra)",
          expected: "an arm with trainings of its own, no changes to its plan, and no teacher")
      }
    }
    return arms
  }
}
