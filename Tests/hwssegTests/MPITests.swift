import Files
import Foundation
import TensorFiles
import TestSupport
import Testing

#if MPI
  /// Protects what several processes do together under `mpirun`: the same training as one process, the same bits in
  /// every run, and an end of all when one of them ends.
  @Suite(.serialized) struct MPITests {
    private static func mpirun(_ processes: Int) -> [String] {
      ["/usr/bin/mpirun", "-n", "\(processes)", "--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]
    }

    private static func run(_ processes: Int, _ arguments: [String]) throws -> Program.Result {
      try Program.run(arguments, launcher: processes > 1 ? mpirun(processes) : [])
    }

    /// Twenty steps with four samples in each. At a larger learning rate this tiny network makes as much of rounding
    /// as of changing the engine of one process.
    private static func training(_ results: URL, batchDice: Bool = false, epochs: Int = 2) throws -> [String] {
      let tiny = try TinyModel.shared.get()
      return [
        "train", tiny.data, "--plan", tiny.plan, "--fold", "0", "--preprocessed", tiny.preprocessed, "-o", results.path,
        "--epochs", "\(epochs)", "--iterations", "10", "--batch-size", "4", "--threads", "1", "--set",
        "configurations.3d_fullres.batch_dice=\(batchDice)", "--set", "training.initial_learning_rate=0.002",
      ]
    }

    private static func checkpoint(_ results: URL) throws -> Safetensors {
      try Safetensors(contentsOf: results.appendingPathComponent("fold_0/checkpoint_latest.safetensors"))
    }

    /// The numbers in a text, in their order: what was drawn, and the losses.
    private static func numbers(_ text: String?) -> [Double] {
      (text ?? "").matches(of: /-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?/).compactMap { Double($0.output.0) }
    }

    /// The last loss of each case.
    private static func losses(_ checkpoint: Safetensors) throws -> [Double] {
      struct State: Decodable {
        struct Losses: Decodable { let lastLosses: [Double] }
        let hardCases: Losses
      }
      let text = try #require(checkpoint.metadata["training_state"])
      return try JSONDecoder().decode(State.self, from: Data(text.utf8)).hardCases.lastLosses
    }

    private func expectSame(_ one: URL, _ other: URL, tolerance: Float) throws {
      let (a, b) = (try Self.checkpoint(one), try Self.checkpoint(other))
      #expect(a.entries.keys == b.entries.keys)
      // Velocities are sums of gradients, which are as large as they like.
      for name in a.entries.keys where tolerance == 0 || !name.hasPrefix("momentum.") {
        let (first, second) = (try a.floats(name), try b.floats(name))
        let difference = zip(first, second).map { abs($0 - $1) }.max() ?? 0
        #expect(difference <= tolerance, "\(name) differs by \(difference)")
      }
      for (x, y) in zip(try Self.losses(a), try Self.losses(b)) { #expect(abs(x - y) <= Double(tolerance)) }
      // Of the losses, which lie close together, the sampler keeps differences and what follows from them.
      let (first, second) = (Self.numbers(a.metadata["sampler_state"]), Self.numbers(b.metadata["sampler_state"]))
      #expect(!first.isEmpty && first.count == second.count)
      for (x, y) in zip(first, second) { #expect(abs(x - y) <= 10 * Double(tolerance) * max(1, abs(x))) }
      // Which patches were drawn: epoch, step, case, position, whether it shows foreground, absent classes.
      let visits = try [one, other].map { results in
        try CSV.rows(contentsOf: results.appendingPathComponent("fold_0/visits.csv")).map { $0.cells.prefix(6) }
      }
      #expect(visits[0].count == 1 + 20 * 4 && visits[0] == visits[1])
    }

    @Test(arguments: [2, 4], [false, true]) func asOneProcess(processes: Int, batchDice: Bool) throws {
      try withTemporaryFolder { folder in
        let (one, several) = (folder.appendingPathComponent("one"), folder.appendingPathComponent("several"))
        let alone = try Self.run(1, Self.training(one, batchDice: batchDice))
        #expect(alone.status == 0, "\(alone.errors)")
        let together = try Self.run(processes, Self.training(several, batchDice: batchDice))
        #expect(together.status == 0, "\(together.errors)")
        #expect(together.output.contains("\(processes) processes on 1 machine, each with 1 thread."))
        try expectSame(one, several, tolerance: 1e-5)
        // The first process alone reports.
        #expect(together.output.components(separatedBy: "epoch 1/2").count == 2)
      }
    }

    @Test func sameBitsInEveryRun() throws {
      try withTemporaryFolder { folder in
        let runs = ["first", "second"].map(folder.appendingPathComponent)
        for results in runs { #expect(try Self.run(2, Self.training(results)).status == 0) }
        try expectSame(runs[0], runs[1], tolerance: 0)
        let files = try ["checkpoint_final.safetensors", "visits.csv", "sampler.csv"].map { name in
          try runs.map { try Data(contentsOf: $0.appendingPathComponent("fold_0/\(name)")) }
        }
        for pair in files { #expect(pair[0] == pair[1]) }
      }
    }

    /// Whether there is a process that is more than an entry in the system's table.
    private static func isRunning(_ process: Int32) -> Bool {
      guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
      return !status.contains(") Z ")
    }

    /// A process that is killed ends all others soon, and the training goes on from its checkpoint with any number.
    @Test(arguments: [1, 2]) func killedProcess(resumedBy processes: Int) throws {
      try withTemporaryFolder { folder in
        let results = folder.appendingPathComponent("results")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/mpirun")
        process.arguments =
          try Self.mpirun(2).dropFirst() + [Program.url.path] + Self.training(results, epochs: 10_000)
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let log = results.appendingPathComponent("fold_0/log.csv")
        while process.isRunning, !FileManager.default.fileExists(atPath: log.path) { usleep(10_000) }
        let identifier = process.processIdentifier
        let list = try String(contentsOfFile: "/proc/\(identifier)/task/\(identifier)/children", encoding: .utf8)
        let children = list.split(separator: " ").compactMap { Int32($0) }
        #expect(children.count == 2)
        let start = ContinuousClock.now
        kill(try #require(children.last), SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationStatus != 0)
        // mpirun may end a moment before those that it has killed.
        while children.contains(where: Self.isRunning), ContinuousClock.now - start < .seconds(10) { usleep(10_000) }
        #expect(ContinuousClock.now - start < .seconds(10))
        for child in children { #expect(!Self.isRunning(child), "process \(child) goes on") }

        let epochs = try Self.numbers(Self.checkpoint(results).metadata["epoch"])[0]
        let resumed = try Self.run(processes, Self.training(results, epochs: Int(epochs) + 1) + ["--resume"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.output.contains("Going on in epoch"))
      }
    }

    /// What is wrong is said once, with the status of wrong input, and ends all processes.
    @Test func wrongInput() throws {
      let tiny = try TinyModel.shared.get()
      try withTemporaryFolder { folder in
        let arguments = [
          "train", tiny.data, "--plan", folder.path + "/none.json", "--fold", "0", "-o", folder.path + "/results",
        ]
        let result = try Self.run(2, arguments)
        #expect(result.status == 2)
        #expect(result.errors.components(separatedBy: "none.json").count == 2, "\(result.errors)")
        let other = try Self.run(2, ["inspect", tiny.plan])
        #expect(other.status == 2)
        #expect(other.errors.contains("Start it without mpirun"))
      }
    }

    @Test func preprocessing() throws {
      let tiny = try TinyModel.shared.get()
      try withTemporaryFolder { folder in
        let output = folder.appendingPathComponent("preprocessed")
        let result = try Self.run(2, ["preprocess", tiny.data, "--plan", tiny.plan, "-o", output.path])
        #expect(result.status == 0, "\(result.errors)")
        let files = try FileManager.default.contentsOfDirectory(atPath: tiny.preprocessed).sorted()
        #expect(try FileManager.default.contentsOfDirectory(atPath: output.path).sorted() == files)
        for file in files where file != "run.json" {
          let (found, expected) = (output.path + "/" + file, tiny.preprocessed + "/" + file)
          #expect(FileManager.default.contentsEqual(atPath: found, andPath: expected), "\(file)")
        }
      }
    }

    @Test func prediction() throws {
      let tiny = try TinyModel.shared.get()
      try withTemporaryFolder { folder in
        let images = tiny.data + "/imagesTr"
        let outputs = try [1, 2].map { processes in
          let output = folder.appendingPathComponent("predicted_\(processes)")
          let result = try Self.run(processes, ["predict", "-m", tiny.model, "-i", images, "-o", output.path])
          #expect(result.status == 0, "\(result.errors)")
          return output.path
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: outputs[0]).sorted()
        #expect(files.count == 8, "six cases, dataset.json and run.json")
        #expect(try FileManager.default.contentsOfDirectory(atPath: outputs[1]).sorted() == files)
        for file in files where file != "run.json" {
          let (found, expected) = (outputs[1] + "/" + file, outputs[0] + "/" + file)
          #expect(FileManager.default.contentsEqual(atPath: found, andPath: expected), "\(file)")
        }
        // A file that cannot be read does not keep the other process from its cases.
        let broken = folder.appendingPathComponent("broken")
        try FileManager.default.copyItem(atPath: images, toPath: broken.path)
        let first = try #require(try FileManager.default.contentsOfDirectory(atPath: broken.path).sorted().first)
        try Data().write(to: broken.appendingPathComponent(first))
        let output = folder.appendingPathComponent("partly").path
        let partly = try Self.run(2, ["predict", "-m", tiny.model, "-i", broken.path, "-o", output])
        #expect(partly.status == 1)
        #expect(partly.output.contains("1 of 6 cases are not segmented"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: output).count == 7)
      }
    }

    /// The processes train different arms, and the scores are those of one process.
    @Test func study() throws {
      let tiny = try TinyModel.shared.get()
      try withTemporaryFolder { folder in
        let text = """
          {
            "plan": "\(tiny.plan)", "seeds": [1], "folds": ["0"], "mirroring": false,
            "set": {"training.epochs": 1, "training.iterations_per_epoch": 2},
            "arms": [
              {"name": "uniform", "set": {"training.sampler": {"name": "uniform"}}},
              {"name": "hardness", "set": {"training.sampler": {"name": "hardness"}}}
            ]
          }
          """
        try folder.put(text, at: "study.json")
        let tables = try [1, 2].map { processes in
          let output = folder.appendingPathComponent("results_\(processes)")
          let arguments = ["study", folder.appendingPathComponent("study.json").path, tiny.data, "-o", output.path]
          let result = try Self.run(processes, arguments)
          #expect(result.status == 0, "\(result.errors)")
          return try ["uniform", "hardness"].map {
            try String(contentsOf: output.appendingPathComponent("\($0)/seed_1/predictions/cases.csv"), encoding: .utf8)
          }
        }
        #expect(tables[0] == tables[1])
      }
    }
  }
#else
  /// Protects processes of a program without MPI from overwriting each other's files.
  @Suite struct MPITests {
    @Test func buildWithoutMPI() throws {
      let result = try Program.run(["doctor"], variables: ["OMPI_COMM_WORLD_SIZE": "2"])
      #expect(result.status == 2)
      #expect(result.errors.contains("Build it with --traits MPI"))
    }
  }
#endif
