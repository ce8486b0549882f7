import Foundation
import TensorFiles

extension TrainingCheckpoint {
  /// The checksum of the teacher of the run that wrote a `checkpoint_latest`.
  ///
  /// - Returns: `nil` when it had no teacher, or one without a checksum.
  /// - Throws: `InputError` when the file is not usable.
  package static func teacher(in url: URL) throws -> String? {
    struct State: Decodable { let teacher: String? }
    let text = try Safetensors(contentsOf: url).metadata["method_state/distillation"] ?? ""
    return (try? JSONDecoder().decode(State.self, from: Data(text.utf8)))?.teacher
  }
}
