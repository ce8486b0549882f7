import Foundation
import TensorFiles

/// The folder of reference values made with PyTorch, nnU-Net v2 and MONAI; tests that need it skip where it is absent.
public enum Golden {
  /// `HWSSEG_GOLDEN`, or the folder beside the checkout.
  public static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["HWSSEG_GOLDEN"] { return URL(fileURLWithPath: path) }
    let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return checkout.deletingLastPathComponent().appendingPathComponent("shared/golden")
  }()

  public static let isPresent = FileManager.default.fileExists(atPath: folder.path)

  /// The reason given by tests that are skipped because the folder is missing.
  public static let absence = "no reference values at \(folder.path); set HWSSEG_GOLDEN"

  public static func file(_ name: String) -> URL { folder.appendingPathComponent(name) }

  public static func tensors(_ name: String) throws -> Safetensors { try Safetensors(contentsOf: file(name)) }
}
