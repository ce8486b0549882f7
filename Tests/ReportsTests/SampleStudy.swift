import Evaluation
import Foundation
import NIfTI
import TestSupport

/// Made-up evaluations, volumes and a training, as the other verbs write them.
struct SampleStudy {
  static let labels = ["white_matter", "csf", "grey_matter"]

  let folder: URL

  /// Writes an evaluation, and returns its folder.
  ///
  /// - Parameters:
  ///   - name: The folder is `name/predictions`.
  ///   - cases: How many cases there are; every fifth belongs to the rare group.
  ///   - labels: The labels.
  ///   - gain: What is added to the Dice of the rare group.
  func evaluation(_ name: String, cases: Int = 20, labels: [String] = Self.labels, gain: Double = 0) throws -> URL {
    var text = "case,group,label,name,Dice,IoU,HD95,HD,ASSD,NSD,TP,FP,FN,TN,n_pred,n_ref,diagonal\n"
    for index in 0..<cases {
      let isRare = index % 5 == 0
      for (label, labelName) in labels.enumerated() {
        let dice = 0.9 - 0.001 * Double((index * 37 + label * 11) % 101) - (isRare ? 0.3 - gain : 0)
        // A label that was missed has a Dice of 0 and no distance. Case 7 does not have the second label.
        let (missed, absent) = (index == 5 && label == 1, index == 7 && label == 1)
        text += "\(Self.name(index)),\(isRare ? "rare" : "common"),\(label + 1),\(labelName),"
        if missed || absent {
          text += "\(missed ? "0.0" : "NaN"),0,NaN,NaN,NaN,0,0,0,\(missed ? 9 : 0),0,0,\(missed ? 9 : 0),40.5\n"
        } else {
          text += "\(dice),0.5,\(10 * (1 - dice)),9,1,0.5,1,2,3,4,3,4,40.5\n"
        }
      }
    }
    try folder.put(text, at: "\(name)/predictions/cases.csv")
    return folder.appendingPathComponent("\(name)/predictions")
  }

  /// Methods in folders.
  static func sources(_ folders: URL...) throws -> [ArmSource] { try ArmSource.find(folders.map(\.path)) }

  static func name(_ index: Int) -> String { "case_" + String(format: "%04d", index) }

  /// Writes images and segmentations of two boxes, of which the prediction's is shifted by `shift` voxels.
  func volumes(of cases: [String], predictions: URL, shift: Int) throws {
    let geometry = Geometry(shape: [20, 24, 28], spacing: [2, 1, 1])
    func labels(_ shift: Int) -> Volume<Int32> {
      var volume = Volume<Int32>(shape: geometry.shape, repeating: 0)
      for z in 6..<14 { for y in 8..<16 { for x in 10..<18 { volume[z, y, x + shift] = x < 14 ? 1 : 2 } } }
      return volume
    }
    let voxels = (0..<(20 * 24 * 28)).map { Float($0 % 97) }
    for name in cases {
      try NIfTIFile.write(
        image: Volume(shape: geometry.shape, voxels: voxels), geometry: geometry,
        to: folder.appendingPathComponent("imagesTr/\(name)_0000.nii.gz"))
      try NIfTIFile.write(
        labels: labels(0), geometry: geometry, to: folder.appendingPathComponent("labelsTr/\(name).nii.gz"))
      try NIfTIFile.write(
        labels: labels(shift), geometry: geometry, to: predictions.appendingPathComponent("\(name).nii.gz"))
    }
  }

  /// Writes the tables of a training of 12 epochs with 6 cases, of which the last is rare and hard.
  ///
  /// - Parameters:
  ///   - estimates: Whether the sampler estimated hardness.
  ///   - scores: Whether whole validation cases were scored, which is every third epoch.
  func training(estimates: Bool = false, scores: Bool = false) throws -> URL {
    var log = "epoch,learning_rate,train_loss,validation_loss,pseudo_dice_csf,mean_pseudo_dice,ema_pseudo_dice,"
    log += "effective_cases,beta,draws_common,draws_rare,"
    log += scores ? "selection_score,selection_mean,gradient_norm,seconds\n" : "gradient_norm,seconds\n"
    var sampler = "epoch,case,group,loss,probability,draws,hardness,standard_error,score\n"
    for epoch in 0..<12 {
      log += "\(epoch),0.01,\(1.0 / Double(epoch + 1)),,0.5,0.5,0.5,4.5,,0.6,0.4,"
      if scores { log += epoch % 3 == 2 ? "0.\(80 - epoch),0.\(80 + epoch)," : ",," }
      log += "1,5\n"
      for index in 0..<6 {
        let isRare = index == 5
        let drawn = isRare ? 4 : epoch % 2
        sampler += "\(epoch),\(Self.name(index)),\(isRare ? "rare" : "common"),"
        sampler += "\(isRare ? 2 + Double(epoch % 2) : 0.1 * Double(index)),\(isRare ? 0.4 : 0.12),\(drawn),"
        // The estimate changes in every epoch, and orders the cases otherwise than the losses do.
        sampler += estimates ? "\(Double(epoch) + 0.1 * Double(6 - index)),0.0\(index + 1),0.5\n" : ",,\n"
      }
    }
    try folder.put(log, at: "run/fold_0/log.csv")
    try folder.put(sampler, at: "run/fold_0/sampler.csv")
    return folder.appendingPathComponent("run/fold_0")
  }
}
