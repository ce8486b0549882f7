import Files
import Foundation

/// A change of one value in a plan, written `KEY=VALUE`, such as `training.sampler.refresh=0.1`.
///
/// The key is the path to the value in the plan file, its parts joined by dots. The value is JSON, or else a string:
/// `0.1`, `true`, `[32, 64]`, `{"rare": 0.2}`, `ess:0.3`. `null` removes the key.
public struct PlanSetting: Sendable, Equatable {
  let path: [String]
  let value: JSON

  /// Reads the text of a change; `nil` without a key and an equals sign.
  public init?(_ text: String) {
    guard let equals = text.firstIndex(of: "=") else { return nil }
    let path = text[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard !path.contains("") else { return nil }
    let value = String(text[text.index(after: equals)...])
    self.path = path
    self.value = (try? JSON.parse(Data(value.utf8), file: "")) ?? .string(value)
  }

  /// Creates a change of the value at a path.
  public init(_ path: [String], _ value: JSON) {
    self.path = path
    self.value = value
  }

  private var name: String { path.joined(separator: ".") }

  /// The value with this change, at the given depth of the path.
  fileprivate func applied(to json: JSON?, depth: Int = 0) throws -> JSON {
    guard depth < path.count else { return value }
    // Settings of the training have defaults, so they may be absent; a wrong name among them is found when they
    // are read.
    let mayBeAbsent = path[0] == "training"
    guard json != nil || mayBeAbsent, case .object(var object) = json ?? .object([:]) else { throw unknown(depth) }
    let key = path[depth]
    guard object[key] != nil || mayBeAbsent else { throw unknown(depth) }
    if depth == path.count - 1, value == .null {
      object[key] = nil
    } else if path == ["training", "sampler", "preset"], depth == 2 {
      // A preset replaces the sampler's other settings, which would win against it.
      object = object.filter { $0.key == "name" }
      object[key] = value
    } else {
      object[key] = try applied(to: object[key], depth: depth + 1)
    }
    return .object(object)
  }

  private func unknown(_ depth: Int) -> InputError {
    InputError(
      "the change \(name)", found: "no \(path[...depth].joined(separator: ".")) in the plan",
      expected: "a key that it has",
      advice: "Look at the plan file, or at the keys of training in Plans/README.md.")
  }
}

extension Plan {
  /// Changes values of the plan file.
  ///
  /// - Throws: `InputError` when a key does not exist or a value is not usable.
  public mutating func apply(_ settings: [PlanSetting]) throws {
    guard !settings.isEmpty else { return }
    self = try Plan(settings.reduce(json) { try $1.applied(to: $0) }, file: "the changed plan")
  }
}
