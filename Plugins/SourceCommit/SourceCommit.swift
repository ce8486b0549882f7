import Foundation
import PackagePlugin

/// Writes the commit that is being built into a Swift file.
///
/// A manifest could ask for the commit too, but SwiftPM caches what a manifest says and would go on using an old one.
@main
struct SourceCommit: BuildToolPlugin {
  /// Writes the second argument, a Swift file, for the repository in the first, unless the file says the same already.
  ///
  /// A source folder without a repository of its own may lie in another program's: its commit is not ours.
  private static let script = """
    commit=unknown
    if [ -z "$(git -C "$1" rev-parse --show-prefix 2>&1)" ] && commit=$(git -C "$1" rev-parse --short=12 HEAD); then
      [ -z "$(git -C "$1" status --porcelain -- Package.swift Plugins Sources)" ] || commit="$commit with changes"
    fi
    line="let sourceCommit = \\"$commit\\""
    [ "$line" = "$(cat "$2" 2>/dev/null)" ] || echo "$line" > "$2"
    """

  func createBuildCommands(context: PluginContext, target: any Target) -> [Command] {
    let package = context.package
    let output = context.pluginWorkDirectoryURL.appendingPathComponent("SourceCommit.swift")
    // The command runs again when one of these has changed. Git adds a line to the log at every commit and checkout.
    let sources = package.targets.compactMap(\.sourceModule).flatMap { $0.sourceFiles.map(\.url) }
    let log = package.directoryURL.appendingPathComponent(".git/logs/HEAD")
    return [
      .buildCommand(
        displayName: "Asking git for the commit", executable: URL(fileURLWithPath: "/bin/sh"),
        arguments: ["-c", Self.script, "sh", package.directoryURL.path, output.path],
        inputFiles: sources + [log].filter { FileManager.default.fileExists(atPath: $0.path) }, outputFiles: [output])
    ]
  }
}
