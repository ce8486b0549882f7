import Foundation

extension InputError {
  /// The system's codes of what Foundation reports by codes of its own alone.
  private static let systemCodes: [CocoaError.Code: Int32] = [
    .fileWriteOutOfSpace: ENOSPC, .fileWriteVolumeReadOnly: EROFS, .fileWriteNoPermission: EACCES,
  ]

  /// The error of the system's calls that could not write a file, such as "No space left on device".
  ///
  /// - Parameters:
  ///   - url: The file or folder.
  ///   - error: What Foundation threw; `nil` results for an error that is not about files.
  init?(writing url: URL, _ error: any Error) {
    guard !(error is InputError) else { return nil }
    let error = error as NSError
    let system = error.domain == NSPOSIXErrorDomain ? error : error.userInfo[NSUnderlyingErrorKey] as? NSError
    guard error.domain == NSCocoaErrorDomain || error.domain == NSPOSIXErrorDomain else { return nil }
    let code = system.map { Int32($0.code) } ?? Self.systemCodes[CocoaError.Code(rawValue: error.code)]
    let reason = code.map { String(cString: strerror($0)) } ?? error.localizedDescription
    self.init(
      url.path, found: reason, expected: "a writable location",
      advice: "Check the permissions and the free space, or choose another folder.")
  }
}
