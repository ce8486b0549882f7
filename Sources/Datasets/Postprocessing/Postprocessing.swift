import Files
import Foundation
import Imaging
import NIfTI

/// nnU-Net's post-processing of segmentations: only the largest connected part of some labels is kept.
///
/// Voxels of these labels elsewhere become background. Voxels are connected to all 26 neighbors, and parts that share
/// the largest size are all kept. Cross-validation decides for which labels this helps and writes it to
/// `postprocessing.json`, in nnU-Net's schema.
public struct Postprocessing: Sendable, Equatable {
  /// A set of labels, of whose union only the largest connected part is kept.
  public struct Step: Sendable, Equatable {
    /// The label values, above 0.
    public let values: [Int]
    /// Whether the step is for a single label, which the file holds as a number instead of a list.
    public let isLabel: Bool

    /// Creates a step for some labels.
    public init(_ values: [Int], isLabel: Bool = false) {
      self.values = values
      self.isLabel = isLabel
    }
  }

  private static let function = "remove_all_but_largest_component_from_segmentation"

  /// The steps in the order in which they are applied.
  public var steps: [Step]

  /// Creates a post-processing with some steps, by default none.
  public init(steps: [Step] = []) { self.steps = steps }

  /// Reads a `postprocessing.json`.
  ///
  /// - Throws: `InputError` when the file is unusable or names a function other than nnU-Net's.
  public init(contentsOf url: URL) throws {
    let fields = try JSONFields(JSON.read(url), file: url.path)
    let functions = try fields.strings("postprocessing_fns")
    guard case .array(let arguments)? = fields.object["postprocessing_kwargs"], arguments.count == functions.count
    else {
      throw fields.error(
        "postprocessing_kwargs", found: "not \(functions.count) entries", expected: "one for each function")
    }
    steps = try zip(functions, arguments).enumerated().map { number, step in
      guard step.0 == Self.function else {
        throw fields.error("postprocessing_fns", found: "the function \(step.0)", expected: Self.function)
      }
      return try Self.step(JSONFields(step.1, file: url.path, path: "postprocessing_kwargs.\(number)"))
    }
  }

  private static func step(_ fields: JSONFields) throws -> Step {
    let key = "labels_or_regions"
    try fields.allow([key, "background_label"])
    guard try fields.intIfPresent("background_label") ?? 0 == 0 else {
      throw fields.error("background_label", found: "another background", expected: "0")
    }
    guard case .array(let entries)? = fields.object[key] else { return Step([try fields.int(key)], isLabel: true) }
    // Lists of labels and regions mean their union.
    let values = entries.flatMap { entry in if case .array(let region) = entry { region } else { [entry] } }.map(\.int)
    guard values.allSatisfy({ $0.map { 1...65535 ~= $0 } ?? false }) else {
      throw fields.error(key, found: "an unusable label", expected: "whole numbers from 1 to 65535")
    }
    return Step(values.compactMap { $0 })
  }

  /// The members `postprocessing_fns` and `postprocessing_kwargs` of a `postprocessing.json`.
  public var members: [(String, JSON)] {
    let arguments = steps.map { step in
      let labels = step.isLabel ? JSON.integer(step.values[0]) : .integers(step.values)
      return JSON.object(JSONObject([("labels_or_regions", labels)]))
    }
    return [
      ("postprocessing_fns", .strings(steps.map { _ in Self.function })), ("postprocessing_kwargs", .array(arguments)),
    ]
  }

  /// Applies all steps to a label map.
  public func apply(to labels: Volume<Int32>) -> Volume<Int32> { steps.reduce(labels) { Self.apply($1, to: $0) } }

  private static func apply(_ step: Step, to labels: Volume<Int32>) -> Volume<Int32> {
    // Labels are looked up in a table; those read from files are below 65536.
    var isMember = [Bool](repeating: false, count: 65536)
    for value in step.values where 1..<65536 ~= value { isMember[value] = true }
    let mask = Volume(shape: labels.shape, voxels: labels.voxels.map { 0..<65536 ~= $0 && isMember[Int($0)] })
    let kept = Components.largest(of: mask)
    var result = labels
    for voxel in result.voxels.indices where mask.voxels[voxel] && !kept.voxels[voxel] { result.voxels[voxel] = 0 }
    return result
  }
}

extension Postprocessing.Step: CustomStringConvertible {
  /// The step in words.
  public var description: String {
    let labels = values.map(String.init).joined(separator: ", ")
    return "only the largest connected part of label\(values.count == 1 ? "" : "s") \(labels)"
  }
}

extension Postprocessing {
  /// The post-processing that all of some model folders have in common.
  ///
  /// - Parameter models: The folders of the models that are averaged.
  /// - Returns: `nil` when none of the folders has a `postprocessing.json`.
  /// - Throws: `InputError` when a file is unusable or the folders differ.
  public static func common(to models: [ModelFolder]) throws -> Postprocessing? {
    let all = try models.map { folder -> Postprocessing? in
      let file = folder.postprocessing
      return FileManager.default.fileExists(atPath: file.path) ? try Postprocessing(contentsOf: file) : nil
    }
    guard let first = all.first else { return nil }
    for (folder, postprocessing) in zip(models, all) where postprocessing != first {
      throw InputError(
        folder.url.path, found: "another postprocessing.json than in \(models[0].url.path), or none",
        expected: "models that are averaged to have the same",
        advice: "Decide on it again with hwsseg crossvalidate, or predict with --no-postprocessing.")
    }
    return first
  }
}
