import Plans

extension Study {
  /// The teacher of an arm, if it has one.
  func teacher(of arm: Arm) -> Arm? { arms.first { $0.name == arm.teacher } }

  /// The arms in the order of the file, except that each comes after the arm whose trainings it needs: its teacher, or
  /// the arm whose trainings it takes as its own.
  var armsInOrder: [Arm] {
    arms.reduce(into: []) { ordered, arm in
      for arm in chain(from: arm).reversed() where !ordered.contains(arm) { ordered.append(arm) }
    }
  }

  /// An arm, the one it needs, the one that this needs, and so on, until one needs none or is in the chain already.
  private func chain(from arm: Arm) -> [Arm] {
    var chain = [arm]
    while let last = chain.last, let next = arms.first(where: { $0.name == needed(by: last) }), !chain.contains(next) {
      chain.append(next)
    }
    return chain
  }

  private func needed(by arm: Arm) -> String? { arm.training == arm.name ? arm.teacher : arm.training }

  /// What is wrong with the teachers.
  ///
  /// - Parameter plans: The plan of each arm.
  /// - Returns: What was found and what was expected; `nil` when every arm can be taught.
  func teachingMistake(_ plans: [Plan]) -> (found: String, expected: String)? {
    for (arm, plan) in zip(arms, plans) where arm.training == arm.name {
      guard let name = arm.teacher else {
        if plan.training.distillation == nil { continue }
        return ("\(arm.name) with training.distillation and no teacher", "the name of another arm as its teacher")
      }
      guard let index = arms.firstIndex(where: { $0.name == name && $0.training == name }) else {
        return ("\(arm.name) with the teacher \(name)", "an arm with trainings of its own")
      }
      let chain = chain(from: arm)
      if let next = chain.last?.teacher, chain.contains(where: { $0.name == next }) {
        let names = chain.map(\.name) + [next]
        return (names.joined(separator: ", taught by "), "teachers that do not learn from their students")
      }
      guard plan.training.distillation != nil else {
        return (
          "\(arm.name) with a teacher and without training.distillation", "\"training.distillation\": {} in its set"
        )
      }
      if let (key, own, other) = plans[index].inputDifference(from: plan) {
        return ("\(name), the teacher of \(arm.name), with \(key) \(own)", "\(other), as its student has")
      }
    }
    return nil
  }
}
