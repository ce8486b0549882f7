import Datasets
import Evaluation
import Foundation
import Inference
import Tensors

/// What a training ends with: the cases that were held out are predicted and judged.
enum FinalValidation {
  /// Writes `validation/CASE.nii.gz` and `validation/summary.json` into the model folder and prints the tables.
  static func run(model: URL, on dataset: RawDataset, cases names: [String], engine: Engine) throws {
    let cases = dataset.cases.filter { names.contains($0.name) }
    guard let references = cases.first?.label?.deletingLastPathComponent() else { return }
    let output = model.appendingPathComponent("validation")
    let ensemble = try Ensemble([Model(model)], options: .init(engine: engine))
    print("Predicting the \(cases.count) cases held out")
    try PredictCommand.predict(cases, with: ensemble, to: output, withProbabilities: false)
    let summary = try Evaluator.evaluate(
      reference: references, prediction: output, description: dataset.description, groups: try dataset.groups(),
      cases: cases.map(\.name))
    try summary.write(to: output)
    print(summary.tables())
    print("Model in \(model.relativePath)")
  }
}
