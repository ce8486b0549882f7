import Datasets
import Files
import Foundation
import NIfTI
import TestSupport
import Testing

@testable import Phantoms

/// Protects the layout of a made-up data set, the minority's share, and files that are in the folder already.
struct PhantomFolderTests {
  @Test(arguments: Phantom.Kind.allCases)
  func isADataSet(kind: Phantom.Kind) throws {
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent("Dataset901_Phantom")
      try Phantom.write(kind: kind, cases: 3, minority: 0.3, seed: 4, to: folder)
      let dataset = try RawDataset(folder)
      #expect(dataset.caseNames == (1...3).map { "\(kind.rawValue)_00\($0)" })
      #expect(dataset.description.channelNames == kind.recipe.channels)
      #expect(dataset.description.regions.map(\.name) == kind.recipe.labels)
      let groups = try #require(try dataset.groups())
      #expect(dataset.caseNames.filter { groups.value("group", of: $0) == kind.recipe.minority }.count == 1)

      // The files hold what was drawn; case 2 is the one in the minority.
      let drawn = kind.recipe.make(patient: 1, isMinority: true, seed: 4)
      #expect(groups.value("group", of: dataset.caseNames[1]) == kind.recipe.minority)
      let labels = try NIfTIFile.readLabels(try #require(dataset.cases[1].label))
      #expect(labels.labels == drawn.labels)
      for (image, expected) in zip(dataset.cases[1].images, drawn.images) {
        let read = try NIfTIFile.read(image)
        #expect(read.volume == expected)
        #expect(zip(read.geometry.spacing, drawn.geometry.spacing).allSatisfy { abs($0 - $1) < 1e-6 })
        #expect(zip(read.geometry.affine, drawn.geometry.affine).allSatisfy { abs($0 - $1) < 1e-4 })
      }
    }
  }

  @Test(arguments: [(0.0, 0), (0.01, 1), (0.2, 1), (0.5, 3), (1.0, 6)])
  func minorityIsRoundedToPatients(share: Double, expected: Int) {
    #expect(Phantom.minority(share: share, of: 6).count == expected)
  }

  @Test func minorityIsSpread() {
    #expect(Phantom.minority(share: 0.2, of: 20).sorted() == [2, 7, 12, 17])
  }

  @Test func existingFilesStay() throws {
    try withTemporaryFolder { root in
      let file = root.appendingPathComponent("mine.txt")
      try Data("mine".utf8).write(to: file)
      for destination in [root, file] {
        #expect(throws: InputError.self) {
          try Phantom.write(kind: .fetal, cases: 1, minority: 0, seed: 1, to: destination)
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: root.path) == ["mine.txt"])
      let empty = root.appendingPathComponent("empty")
      try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
      try Phantom.write(kind: .fetal, cases: 1, minority: 0, seed: 1, to: empty)
      #expect(try RawDataset(empty).caseNames == ["fetal_001"])
      #expect(try FileManager.default.contentsOfDirectory(atPath: root.path).count == 2)
    }
  }

  @Test func senselessNumbersAreRefused() throws {
    try withTemporaryFolder { root in
      let folder = root.appendingPathComponent("new")
      for (cases, minority) in [(0, 0.2), (-1, 0.2), (Int.max, 0.2), (3, -0.1), (3, 1.1), (3, .nan)] {
        #expect(throws: InputError.self) {
          try Phantom.write(kind: .brats, cases: cases, minority: minority, seed: 1, to: folder)
        }
      }
      #expect(!FileManager.default.fileExists(atPath: folder.path))
    }
  }
}
