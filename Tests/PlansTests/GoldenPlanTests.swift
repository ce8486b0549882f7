import Foundation
import TestSupport
import Testing

@testable import Plans

/// Protects the reading of nnU-Net's plans files, and that they are written again with the same content.
@Suite(.enabled(if: Golden.isPresent, Comment(rawValue: Golden.absence))) struct GoldenPlanTests {
  private var files: [URL] {
    let everything = FileManager.default.enumerator(at: Golden.folder, includingPropertiesForKeys: nil)
    return (everything?.allObjects as? [URL] ?? []).filter {
      $0.pathExtension == "json"
        && ($0.lastPathComponent.lowercased().hasSuffix("plans.json") || $0.lastPathComponent.contains("Planner"))
    }
  }

  /// We can build the network of every 3-D configuration, with plain and residual encoders.
  @Test func networksAreKnown() throws {
    for file in files {
      for configuration in try Plan.read(file).configurations where configuration.name.hasSuffix("res") {
        guard !configuration.name.contains("cascade") else { continue }
        let isResidual = file.lastPathComponent.contains("ResEnc")
        let architecture = try configuration.architecture(inputChannels: 1, outputChannels: 2)
        #expect(architecture.encoder == (isResidual ? .residual : .plain), "\(file.path)")
        #expect(architecture.normalization == .instance(affine: true) && architecture.convolutionBias)
      }
    }
  }

  @Test func plansSurvive() throws {
    #expect(!files.isEmpty)
    for file in files {
      let plan = try Plan.read(file)
      #expect(plan.configuration.name == "3d_fullres")
      let before = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? NSDictionary)
      let written = Data(plan.json.text.utf8)
      let after = try #require(try JSONSerialization.jsonObject(with: written) as? NSDictionary).mutableCopy()
      let comparable = try #require(after as? NSMutableDictionary)
      comparable.removeObject(forKey: "training")
      #expect(comparable == before, "\(file.path)")
    }
  }
}
