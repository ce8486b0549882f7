import Files
import Foundation
import NIfTI
import Threads

/// Synthetic data sets with a minority of patients who differ from the rest, for demonstrations and
/// tests.
public enum Phantom {
  /// The anatomy and the imaging of the patients.
  public enum Kind: String, CaseIterable, Sendable {
    /// T2-weighted fetal brains with seven tissues. The minority has spina bifida.
    case fetal
    /// Adult brains with a glioma, in four channels, with three parts of the tumor. The minority
    /// comes from another scanner.
    case brats

    var recipe: any PhantomRecipe.Type {
      switch self {
      case .fetal: FetalPhantom.self
      case .brats: TumorPhantom.self
      }
    }
  }

  /// Writes a data set in nnU-Net's raw format: `imagesTr`, `labelsTr`, `dataset.json`, and
  /// `groups.csv` with the group of each case.
  ///
  /// The same arguments give the same voxels on any number of threads. The folder appears only when
  /// it is complete.
  ///
  /// - Parameters:
  ///   - kind: The anatomy and the imaging of the patients.
  ///   - cases: The number of patients, 1 to 99999.
  ///   - minority: The share of patients in the minority, 0 to 1. It is rounded to whole patients,
  ///     and to at least one unless it is 0.
  ///   - seed: The seed of all random numbers.
  ///   - folder: A folder that does not exist yet or is empty.
  /// - Throws: `InputError` when a number is out of range, or the folder is not empty or cannot be
  ///   written.
  public static func write(kind: Kind, cases: Int, minority: Double, seed: UInt64, to folder: URL) throws {
    guard (1...99_999).contains(cases) else {
      throw InputError("number of cases", found: "\(cases)", expected: "1 to 99999")
    }
    guard (0...1).contains(minority) else {
      throw InputError("share of the minority", found: "\(minority)", expected: "a number from 0 to 1")
    }
    let recipe = kind.recipe
    let inMinority = self.minority(share: minority, of: cases)
    let digits = max(3, String(cases).count)
    let names = (1...cases).map { number in
      let text = String(number)
      return "\(kind.rawValue)_" + String(repeating: "0", count: digits - text.count) + text
    }

    try NewFolder.create(folder) { folder in
      _ = try Parallel.map(cases) { patient in
        let phantom = recipe.make(patient: patient, isMinority: inMinority.contains(patient), seed: seed)
        for (channel, image) in phantom.images.enumerated() {
          let file = folder.appendingPathComponent("imagesTr/\(names[patient])_000\(channel).nii.gz")
          try NIfTIFile.write(image: image, geometry: phantom.geometry, to: file)
        }
        let file = folder.appendingPathComponent("labelsTr/\(names[patient]).nii.gz")
        try NIfTIFile.write(labels: phantom.labels, geometry: phantom.geometry, to: file)
      }
      let groups = names.indices.map { "\(names[$0]),\(inMinority.contains($0) ? recipe.minority : recipe.majority)\n" }
      try AtomicFile.replace(folder.appendingPathComponent("groups.csv"), with: "case,group\n" + groups.joined())
      let description = "Made up: kind \(kind.rawValue), \(cases) cases, minority \(minority), seed \(seed)"
      let document = object([
        ("channel_names", object(recipe.channels.enumerated().map { ("\($0)", .string($1)) })),
        ("labels", object((["background"] + recipe.labels).enumerated().map { ($1, .integer($0)) })),
        ("numTraining", .integer(cases)), ("file_ending", .string(".nii.gz")), ("description", .string(description)),
      ])
      try AtomicFile.replace(folder.appendingPathComponent("dataset.json"), with: document.text)
    }
  }

  /// The patients among `0..<cases` that are in the minority, evenly spread.
  static func minority(share: Double, of cases: Int) -> Set<Int> {
    let count = share > 0 ? max(1, Int((share * Double(cases)).rounded())) : 0
    return Set((0..<count).map { (2 * $0 + 1) * cases / (2 * count) })
  }

  private static func object(_ entries: [(String, JSON)]) -> JSON { .object(JSONObject(entries)) }
}
