import Foundation

/// Names for files or folders, as short as tells them apart.
package enum PathNames {
  /// The last part of each path in which all of them differ: `uniform` and `hardness` for `uniform/predictions` and
  /// `hardness/predictions`; the whole paths where there is no such part.
  package static func distinct(_ urls: [URL]) -> [String] {
    let paths = urls.map { Array($0.standardizedFileURL.pathComponents.reversed()) }
    for length in 0..<(paths.map(\.count).max() ?? 0) {
      let names = paths.map { $0.count > length ? $0[length] : "" }
      if Set(names).count == names.count { return names }
    }
    return urls.map(\.path)
  }
}
