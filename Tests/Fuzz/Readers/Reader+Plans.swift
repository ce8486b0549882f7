import Datasets
import Files
import Foundation
import Planning
import Plans
import TestSupport
import Training
import Workflows

extension Reader {
  /// Plans, what they are made from, and studies of them.
  static var plans: [(name: String, make: (Workbench) throws -> Reader)] {
    [
      (
        "json",
        { bench in
          let texts = [
            #"{"a": [1, -2.5e3, "x\n\u00e9", true, null], "b": {"c": [], "d": {}}, "a": NaN}"#, SamplePlan.text,
          ]
          return Reader("json", texts: texts) { bytes in
            let value = try JSON.parse(Data(bytes), file: "a.json")
            // NaN is equal to nothing, so texts are compared.
            guard try JSON.parse(Data(value.text.utf8), file: "a.json").text == value.text else {
              throw WrongResult("another value after writing")
            }
          }
        }
      ),
      (
        "plan",
        { bench in
          let table = try VisitTable(contentsOf: bench.put(SampleTables.visits, "visits.csv"))
          return Reader("plan", texts: try planTexts()) { bytes in
            let url = try bench.put(bytes, "plans.json")
            try use(Plan.read(url), table)
            _ = try Inspection.facts(of: url)
          }
        }
      ),
      (
        "fingerprint",
        { bench in
          let description = try DatasetDescription(JSON.parse(Data(SampleTables.dataset.utf8), file: ""), file: "")
          return Reader("fingerprint", texts: [fingerprint]) { bytes in
            let url = try bench.put(bytes, "dataset_fingerprint.json")
            let fingerprint = try Fingerprint(contentsOf: url)
            _ = try Inspection.facts(of: url)
            for preset in [Preset.default, .residualM, .brats] {
              try Workbench.further {
                let planner = try ExperimentPlanner(preset: preset)
                try checkWritten(planner.plan(fingerprint, description, datasetName: "D"))
              }
            }
          }
        }
      ),
      (
        "study",
        { bench in
          try bench.put(SamplePlan.text, "plan.json")
          let studies = try ["phantoms", "fetal_brain"].map { name in
            try Workbench.repository("Studies/\(name).json").replacing(
              /"[^"]*Plans\/[a-z_]+.json"/, with: "\"plan.json\"")
          }
          let taught = studies[0].replacing(
            "\"estimate\", \"set\": {",
            with: "\"estimate\", \"teacher\": \"uniform\", \"set\": {\"training.distillation\": {}, ")
          return Reader("study", texts: studies + [taught]) { bytes in
            let study = try Study(contentsOf: bench.put(bytes, "study.json"))
            guard study.arms.count > 1, !study.seeds.isEmpty else { throw WrongResult("no arms or seeds") }
          }
        }
      ),
    ]
  }

  /// Looks at all configurations, builds the networks, draws by the sampler, and writes the plan.
  private static func use(_ plan: Plan, _ table: VisitTable) throws {
    try checkWritten(plan)
    for configuration in plan.configurations {
      let channels = configuration.normalizationSchemes.count
      let architecture = try? configuration.architecture(inputChannels: channels, outputChannels: 3)
      try architecture?.validate(patch: configuration.patchSize)
    }
    try Workbench.further { _ = try plan.trainingDifference(from: plan) }
    try Workbench.further {
      _ = try SamplerReplay(table, settings: plan.training.sampler, groups: SampleTables.groups, seed: 1, parts: 2)
    }
  }

  private static func checkWritten(_ plan: Plan) throws {
    let text = plan.json.text
    do {
      let again = try Plan(JSON.parse(Data(text.utf8), file: "plans.json"), file: "plans.json")
      guard again.json.text == text else { throw WrongResult("another plan after writing") }
    } catch let error as InputError {
      throw WrongResult("a plan that cannot be read again: \(error)")
    }
  }

  private static func planTexts() throws -> [String] {
    let samplers = SampleTables.samplers.map { sampler in
      SamplePlan.text.dropLast() + ", \"training\": {\"epochs\": 3, \"ema\": 0.9, \"sampler\": \(sampler)}}"
    }
    let files = try ["Plans/phantom.json", "Tests/InferenceTests/Fixtures/residual/plans.json"].map(
      Workbench.repository)
    return [SamplePlan.text, legacyPlan] + samplers.map(String.init) + files
  }

  /// A plan with a cascade, and with the keys that described networks before `architecture`.
  private static let legacyPlan = """
    {"dataset_name": "D", "plans_name": "P", "transpose_forward": [0, 1, 2], "transpose_backward": [0, 1, 2],
     "configurations": {
       "2d": {"data_identifier": "x", "batch_size": 12, "patch_size": [56, 40], "spacing": [1.0, 1.0],
         "normalization_schemes": ["CTNormalization"], "use_mask_for_norm": [false], "UNet_class_name": "PlainConvUNet",
         "UNet_base_num_features": 32, "n_conv_per_stage_encoder": [2, 2], "n_conv_per_stage_decoder": [2],
         "conv_kernel_sizes": [[3, 3], [3, 3]], "pool_op_kernel_sizes": [[1, 1], [2, 2]],
         "unet_max_num_features": 512},
       "3d_lowres": {"data_identifier": "y", "batch_size": 2, "patch_size": [8, 8, 8], "spacing": [2, 2, 2],
         "normalization_schemes": ["CTNormalization"], "use_mask_for_norm": [false], "next_stage": "3d_cascade_fullres",
         "UNet_class_name": "ResidualEncoderUNet", "n_conv_per_stage_encoder": [1, 3], "n_conv_per_stage_decoder": [1],
         "conv_kernel_sizes": [[3, 3, 3], [3, 3, 3]], "pool_op_kernel_sizes": [[1, 1, 1], [2, 2, 2]]},
       "3d_fullres": {"inherits_from": "3d_lowres", "spacing": [1, 1, 1]},
       "3d_cascade_fullres": {"inherits_from": "3d_fullres", "previous_stage": "3d_lowres"}},
     "foreground_intensity_properties_per_channel": {"0": {"max": 3, "mean": 1, "median": 1, "min": 0,
       "percentile_00_5": 0, "percentile_99_5": 2.5, "std": 0.5}}}
    """

  private static let fingerprint = """
    {"foreground_intensity_properties_per_channel": {"0": {"max": 386.0, "mean": 22.36, "median": 22.0, "min": 0.0,
      "percentile_00_5": 3.0, "percentile_99_5": 51.0, "std": 9.58}},
     "median_relative_size_after_cropping": 1.0,
     "shapes_after_crop": [[36, 50, 35], [44, 52, 36], [28, 47, 36], [400, 512, 512]],
     "spacings": [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [5.0, 0.7, 0.7], [2.5, 0.8, 0.8]]}
    """
}
