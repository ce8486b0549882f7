/// Which program this is.
public enum Version {
  /// The number of the release. CITATION.cff and CHANGELOG.md say the same.
  public static let number = "0.1.0"

  /// The commit that the program was built from, with "with changes" where the source had others since; "unknown" where
  /// it was not built from a clone of its repository.
  // The constant is written by the plug-in SourceCommit at each build.
  public static var commit: String { sourceCommit }
}
