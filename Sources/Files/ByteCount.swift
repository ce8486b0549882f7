import Foundation

/// Sizes of memory and files for a person to read.
public enum ByteCount {
  /// The bytes in the largest fitting decimal unit, such as "5.2 GB".
  public static func text(_ bytes: Int) -> String {
    ByteCountFormatter.string(fromByteCount: Int64(bytes), countStyle: .decimal)
  }
}
