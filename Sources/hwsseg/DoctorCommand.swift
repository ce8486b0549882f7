import ArgumentParser
import Files
import Foundation
import Workflows

/// `hwsseg doctor`: describes the program and the machine, and tries out what every run needs.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Describes this program and machine, and checks that they work together.",
    discussion: """
      Add what it prints to the report of an error. The status is 1 when a check fails.
      """)

  @Argument(help: "A folder that results are to be written to, to check it too.")
  var folder: URL?

  func run() throws {
    var isFolder: ObjCBool = false
    if let folder, !FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder) || !isFolder.boolValue {
      throw InputError(folder.path, found: "no such folder", expected: "a folder that results are to be written to")
    }
    InspectCommand.show(Doctor.facts(folder: folder))
    let checks = Doctor.checks(folder: folder)
    print("")
    InspectCommand.show(checks.map { ($0.name, "\($0.result)") })
    if checks.contains(where: \.hasFailed) { throw ExitCode.failure }
  }
}
