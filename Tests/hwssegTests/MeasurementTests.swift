import Foundation
import TestSupport
import Testing

/// Protects the JSON of `benchmark` and `overhead`: the keys that scripts read, each with a sensible number.
@Suite struct MeasurementTests {
  private func object(_ arguments: [String]) throws -> [String: Any] {
    let result = try Program.run(arguments)
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  /// Seconds of a training step and its parts, of loading a batch and of the whole training; speed and memory.
  @Test func benchmark() throws {
    let tiny = try TinyModel.shared.get()
    let found = try object(["benchmark", "--plan", tiny.plan, "--steps", "1", "--batch-size", "1", "--json"])
    let parts = ["forward", "loss", "backward", "optimizer"]
    #expect(
      Set(found.keys)
        == Set(parts + ["step", "loading", "gflops", "gradients", "peak_memory", "estimated_memory", "training"]))
    let numbers = try found.mapValues { try #require($0 as? Double) }
    #expect(numbers.values.allSatisfy { $0 > 0 && $0.isFinite })
    #expect(found["peak_memory"] is Int)
    // Of one step, the whole is the sum of its parts.
    let step = try #require(numbers["step"])
    let sum = parts.reduce(0) { $0 + (numbers[$1] ?? 0) }
    #expect(abs(sum - step) < 1e-9)
    // The plan has two epochs of three steps and a validation.
    let training = try #require(numbers["training"])
    #expect(training >= 6 * step)
  }

  /// Seconds of drawing a batch and of recording its losses, and the sampler's bytes.
  @Test func overhead() throws {
    let found = try object(["overhead", "--cases", "100000", "--batch-size", "4", "--json", "--tree-only"])
    #expect(Array(found.keys) == ["log-sum-exp tree"])
    let cost = try #require(found["log-sum-exp tree"] as? [String: Any])
    #expect(Set(cost.keys) == ["draw", "record", "bytes"])
    for key in ["draw", "record"] {
      let seconds = try #require(cost[key] as? Double)
      #expect(seconds > 0 && seconds < 1)
    }
    let bytes = try #require(cost["bytes"] as? Int)
    #expect(bytes >= 0)
    let both = try object(["overhead", "--cases", "1000", "--json", "--tree-only", "--every-option"])
    #expect(Set(both.keys) == ["log-sum-exp tree", "every option"])
  }

  /// The shares of the groups in ten parts of the training, and what else tells samplers apart.
  @Test func replay() throws {
    let tiny = try TinyModel.shared.get()
    let found = try object(["replay", tiny.model, "--groups", tiny.data + "/groups.csv", "--json"])
    #expect(
      Set(found.keys) == ["group_draws", "effective_sample_size", "staleness", "rank_correlation", "draws"])
    let groups = try #require(found["group_draws"] as? [String: [Double]])
    #expect(groups.values.allSatisfy { $0.allSatisfy { 0...1 ~= $0 } })
    // Two epochs of three steps of two.
    #expect((found["draws"] as? [Int])?.reduce(0, +) == 12)
    let table = try Program.run(["replay", tiny.model + "/visits.csv", "--plan", tiny.plan])
    #expect(table.status == 0 && table.output.contains("Rank correlation"))
    // Other settings, and a simulated training, with a plot.
    let plot = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).svg")
    defer { try? FileManager.default.removeItem(at: plot) }
    let simulated = try Program.run([
      "replay", "--simulate", "age", "--steps", "200", "--plan", tiny.plan, "--sampler", "hardness", "--preset",
      "published", "--set", "training.sampler.beta=30", "--plot", plot.path,
    ])
    #expect(simulated.status == 0 && simulated.output.contains("draws of hard"))
    #expect(try String(contentsOf: plot, encoding: .utf8).contains("<svg"))
    let wrong = try Program.run(["replay", tiny.model, "--sampler", "cvar", "--preset", "published"])
    #expect(wrong.status != 0 && wrong.errors.contains("--sampler hardness"))
  }

  /// `--sampler hardness` draws by estimates. A plan that asked for hardness before means what it meant: the last loss.
  @Test func hardnessOnTheCommandLineEstimates() throws {
    let tiny = try TinyModel.shared.get()
    let text = try String(contentsOfFile: tiny.plan, encoding: .utf8)
    // The plan was made with --sampler hardness.
    #expect(text.contains("\"estimate\": 0.95"))
    let folder = try TemporaryFolder()
    func replay(_ sampler: String, _ options: String...) throws -> String {
      var plan = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
      var training = try #require(plan["training"] as? [String: Any])
      training["sampler"] = try JSONSerialization.jsonObject(with: Data(sampler.utf8))
      plan["training"] = training
      let file = folder.url.appendingPathComponent("plan.json")
      try JSONSerialization.data(withJSONObject: plan).write(to: file)
      let arguments = ["replay", "--simulate", "starvation", "--steps", "1500", "--json", "--plan", file.path]
      let found = try Program.run(arguments + options)
      #expect(found.status == 0, "\(found.errors)")
      return found.output
    }
    let uniform = #"{"name": "uniform"}"#
    let old = #"{"name": "hardness"}"#
    let estimated = try replay(uniform, "--sampler", "hardness", "--preset", "estimate")
    #expect(try replay(uniform, "--sampler", "hardness") == estimated)
    #expect(try replay(old) == replay(#"{"name": "hardness", "beta": "ess:0.3", "momentum": 0}"#))
    #expect(try replay(old, "--sampler", "hardness") == replay(old))
    #expect(try replay(old) != estimated)
  }
}
