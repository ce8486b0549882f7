import Files
import Foundation
import HardnessWeighting
import Plans
import TestSupport
import Testing

/// Protects changes of single plan values, and the presets of the hardness sampler.
@Suite struct PlanSettingTests {
  private func plan(_ changes: String...) throws -> Plan {
    var plan = try Plan(JSON.parse(Data(SamplePlan.text.utf8), file: "plans.json"), file: "plans.json")
    for change in changes { try plan.apply([#require(PlanSetting(change))]) }
    return plan
  }

  @Test func valuesOfEveryKindAreSet() throws {
    let plan = try plan(
      "training.sampler.name=hardness", "training.sampler.beta=ess:0.2", "training.sampler.refresh=0.1",
      #"training.sampler.group_share={"rare": 0.2}"#, "training.sampler.replacement=false", "training.epochs=7",
      "configurations.3d_fullres.batch_size=5", "configurations.3d_fullres.patch_size=[16, 16, 16]")
    #expect(plan.training.epochs == 7)
    #expect(plan.configuration.batchSize == 5 && plan.configuration.patchSize == [16, 16, 16])
    let options = plan.training.sampler.hardness
    #expect(options.beta == .effectiveSampleSize(0.2) && options.refresh == 0.1 && !options.replacement)
    #expect(options.groupShare == .named(["rare": 0.2]))
  }

  @Test func nullRemovesAKey() throws {
    let plan = try plan("training.epochs=7", "training.epochs=null")
    #expect(plan.training.epochs == TrainingSettings().epochs)
  }

  /// A key that does not exist is refused, not passed over: it is most often a typing error.
  @Test(arguments: [
    "training.sampler.refrehs=0.1", "training.epoch=7", "configurations.3d_fullres.bacth_size=4", "epochs=7",
    "training.sampler.refresh=much", "training.epochs.more=7", "configurations.3d_fullres.batch_size=0",
  ])
  func unusableChangesAreRefused(change: String) {
    #expect(throws: InputError.self) { try plan("training.sampler.name=hardness", change) }
  }

  @Test(arguments: ["epochs", "=7", "a..b=1", ".a=1"]) func unreadableChangesAreNil(text: String) {
    #expect(PlanSetting(text) == nil)
  }

  /// Presets replace settings that were there; settings beside a preset in one object win against it.
  @Test func presetsReplaceSettings() throws {
    let published = try plan(
      "training.sampler.name=hardness", "training.sampler.refresh=0.3", "training.sampler.preset=published")
    #expect(published.training.sampler.hardness == .published())
    #expect(published.training.sampler.signal == .loss)
    let weighted = try plan("training.sampler.name=hardness", "training.sampler.preset=published-is")
    #expect(weighted.training.sampler.hardness.importance == .published)
    let estimate = try plan("training.sampler.name=hardness", "training.sampler.preset=estimate")
    #expect(estimate.training.sampler.hardness == .estimating() && estimate.training.sampler.signal == .balanced)
    let both = try plan(#"training.sampler={"name": "hardness", "preset": "published", "beta": 10}"#)
    #expect(both.training.sampler.hardness == .published(beta: 10))
    // What is written says all settings, so that it means the same whatever presets become.
    let file = try Plan(published.json, file: "plans.json")
    #expect(file.training.sampler == published.training.sampler)
  }

  /// Settings of estimates and groups survive writing, and need an estimate.
  @Test func settingsOfEstimates() throws {
    let plan = try plan(
      "training.sampler.name=hardness", "training.sampler.preset=estimate", "training.sampler.pool_groups=true",
      "training.sampler.group_share=0.25", "training.sampler.score_every=10", "training.sampler.case_losses=cases.csv",
      "training.sampler.group_column=site")
    let read = try Plan(plan.json, file: "plans.json").training.sampler
    #expect(read == plan.training.sampler)
    #expect(read.scoreEvery == 10 && read.caseLosses == "cases.csv" && read.groupColumn == "site" && read.needsGroups)
    #expect(read.estimate?.poolsGroups == true && read.hardness.groupShare == .each(0.25))
    for key in ["pool_groups=true", "score_every=10", "case_losses=cases.csv", "optimism=1"] {
      #expect(throws: InputError.self) { try self.plan("training.sampler.name=hardness", "training.sampler.\(key)") }
    }
  }
}
