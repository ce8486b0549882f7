import Files
import Foundation
import NIfTI
import Plans
import TestSupport
import Testing

@testable import Datasets

/// Protects what preprocessing says it needs before it begins: a disk that is full after hours leaves nothing.
@Suite struct PreprocessingNeedsTests {
  @Test func theDiskIsWhatTheFilesTake() throws {
    try withTemporaryFolder { folder in
      let (raw, output) = (folder.appendingPathComponent("raw"), folder.appendingPathComponent("preprocessed"))
      try PreprocessorTests.makeDataset(raw, cases: 3)
      let dataset = try RawDataset(raw)
      var plan = try PreprocessorTests.plan(spacing: [1, 1, 1])
      // Nothing says how much is cropped.
      plan.configuration.medianImageSize = []
      let preprocessor = try Preprocessor(plan: plan, description: dataset.description)
      let needs = try preprocessor.needs(of: dataset)
      try preprocessor.run(dataset, to: output)
      let taken = try dataset.caseNames.map { name in
        try output.appendingPathComponent(name + ".safetensors").resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
      }.reduce(0, +)
      // A file also has a header of about a kilobyte.
      #expect(needs.disk <= 4 * taken && taken <= needs.disk + 3 * 2048, "\(needs.disk) computed, \(taken) taken")
    }
  }

  @Test func casesThatAreTooLargeForTheMachineAreRefused() throws {
    let needs = PreprocessingNeeds(memory: 1 << 60, largestCase: "giant", disk: 1)
    #expect {
      try needs.check(for: .temporaryDirectory)
    } throws: {
      ($0 as? InputError)?.found.contains("giant") == true
    }
    #expect(needs.casesAtOnce == 1)
    let full = PreprocessingNeeds(memory: 1, largestCase: "a", disk: 1 << 60)
    #expect(full.casesAtOnce == 8)
    #expect(throws: InputError.self) { try full.check(for: .temporaryDirectory) }
  }
}
