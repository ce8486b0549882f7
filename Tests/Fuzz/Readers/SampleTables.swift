/// Small files of the kinds that data sets and trainings have.
enum SampleTables {
  static let dataset = """
    {"channel_names": {"0": "MRI"}, "labels": {"background": 0, "anterior": 1, "posterior": 2}, "numTraining": 6,
     "file_ending": ".nii", "reference": "x", "release": "1.0"}
    """

  static let regions = """
    {"modality": {"0": "T1", "1": "CT"}, "labels": {"background": 0, "whole": [1, 2, 3], "core": [2, 3], "deep": 3,
     "ignore": 4}, "regions_class_order": [1, 2, 3], "numTraining": 1, "file_ending": ".nii",
     "dataset": {"case_0": {"images": ["imagesTr/case_0_0000.nii", "${HOME}/x.nii"], "label": "labelsTr/case_0.nii"}}}
    """

  static let caseNames = (0..<6).map { "case_\($0)" }

  static let groups = Dictionary(
    uniqueKeysWithValues: caseNames.enumerated().map { ($1, $0 < 4 ? "common" : "rare") })

  static let groupTable =
    "\u{FEFF}case,group,age,scanner\n"
    + caseNames.map { "\($0),\(groups[$0] ?? ""),31,\"A, \"\"1\"\"\"\n" }.joined()

  static let splits = """
    [{"train": ["case_0", "case_1", "case_2"], "val": ["case_3"]},
     {"train": ["case_3", "case_4"], "val": ["case_0", "case_5"]}]
    """

  static let postprocessing = """
    {"postprocessing_fns": ["remove_all_but_largest_component_from_segmentation",
      "remove_all_but_largest_component_from_segmentation"],
     "postprocessing_kwargs": [{"labels_or_regions": [[1, 2], 3]}, {"labels_or_regions": 2, "background_label": 0}]}
    """

  static let scores: String = {
    var text = "case,group,scanner,label,name,Dice,IoU,HD95,HD,ASSD,NSD,TP,FP,FN,TN,n_pred,n_ref,diagonal\n"
    for (index, name) in caseNames.enumerated() {
      let group = index < 4 ? "common" : "rare"
      for (label, labelName) in ["white", "csf"].enumerated() {
        let isMissed = index == 5 && label == 1
        let scores =
          isMissed
          ? "0.0,0,NaN,NaN,NaN,0,0,0,9,0,0,9,40.5" : "0.\(9 - index),0.5,\(index + 1).5,9,1,0.5,1,2,3,4,3,4,40.5"
        text += "\(name),\(group),\(index % 2),\(label + 1),\(labelName),\(scores)\n"
      }
    }
    return text
  }()

  static let foreignScores = """
    Study,GA,case,group,label,Dice
    3115,29.43,a,Neurotypical,white_matter,96.7
    3115,29.43,a,Neurotypical,csf,94.0
    3116,29.43,b,Spina Bifida,white_matter,85.2
    3116,29.43,b,Spina Bifida,csf,
    """

  static let visits: String = {
    var text =
      "epoch,step,case,position,shows_foreground,absent_classes,loss,cross_entropy,soft_dice,signal,probability,beta\n"
    for step in 0..<12 {
      for position in 0..<2 {
        let name = caseNames[(2 * step + position * 5) % 6]
        text += "\(step / 6),\(step % 6),\(name),\(position),\(position),0,0.\(step + 1),0.\(position + 1),"
        text += "\(step % 3 == 0 ? "" : "0.5"),0.3,0.1,1\n"
      }
    }
    return text
  }()

  static let log = """
    epoch,learning_rate,train_loss,validation_loss,pseudo_dice_csf,mean_pseudo_dice,ema_pseudo_dice,effective_cases,\
    beta,draws_common,draws_rare,gradient_norm,seconds
    0,0.01,1,,0.5,0.5,0.5,4.5,,0.6,0.4,1,5
    1,0.009,0.5,0.7,0.6,0.55,0.51,4.2,12,0.5,0.5,1,5
    """

  static let sampler: String = {
    var text = "epoch,case,group,loss,probability,draws,hardness,standard_error,score\n"
    for epoch in 0..<2 {
      for (index, name) in caseNames.enumerated() {
        text += "\(epoch),\(name),\(groups[name] ?? ""),0.\(index),0.16,\(index % 2),0.\(index),0.0\(epoch + 1),\n"
      }
    }
    return text
  }()

  /// Samplers as plans name them, of every strategy that needs no other file.
  static let samplers = [
    #"{"name": "uniform"}"#, #"{"name": "shuffled"}"#, #"{"name": "group-balanced", "group_column": "group"}"#,
    #"{"name": "group-dro", "step_size": 0.1, "adjustment": 1}"#, #"{"name": "cvar", "worst_share": 0.5}"#,
    #"{"name": "hardness", "preset": "published-is"}"#,
    #"{"name": "hardness", "beta": "ess:0.3", "beta_ramp_epochs": 2, "estimate": 0.9, "optimism": 1, "refresh": 0.1, "#
      + #""pool_groups": true, "uniform_share": 0.1, "cap": 0.5, "group_share": {"rare": 0.3}}"#,
    #"{"name": "hardness", "beta": 5, "initial_loss": 2, "running_mean": 0.9, "floor": 0.01, "replacement": false, "#
      + #""importance_weights": "published"}"#,
    #"{"name": "chi-square", "radius": 1, "estimate": 0.9}"#, #"{"name": "rank", "power": 2}"#,
    #"{"name": "top-k", "k": 3}"#,
  ]
}
