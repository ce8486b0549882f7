import Files
import TestSupport
import Testing

@testable import Datasets

/// Protects the equality of the folds with nnU-Net's.
@Suite struct SplitsTests {
  private let ten = (0..<10).map { "case_\($0)" }

  /// Validation folds that scikit-learn's KFold(5, shuffle, random_state 12345) makes of ten cases.
  @Test func foldsOfTen() throws {
    let folds = try Splits.folds(ten.reversed())
    #expect(folds.map(\.validation) == [[0, 7], [3, 9], [4, 6], [1, 8], [2, 5]].map { $0.map { "case_\($0)" } })
    for fold in folds { #expect((fold.training + fold.validation).sorted() == ten) }
    #expect(folds[0].training == [1, 2, 3, 4, 5, 6, 8, 9].map { "case_\($0)" })
  }

  /// The first folds are one case longer where five does not divide the number of cases.
  @Test func unevenFolds() throws {
    #expect(try Splits.folds((0..<12).map { "c\($0)" }).map(\.validation.count) == [3, 3, 2, 2, 2])
  }

  @Test func allAndBeyond() throws {
    #expect(try Splits.split(.all, of: ten) == Split(training: ten, validation: ten))
    let error = #expect(throws: InputError.self) { try Splits.split(.number(5), of: ten) }
    #expect(error?.expected == "0 to 4, or all")
  }

  @Test func tooFewCases() throws {
    #expect(throws: InputError.self) { try Splits.folds(["a", "b", "c", "d"]) }
    #expect(try Splits.split(.all, of: ["a"]).training == ["a"])
    #expect(throws: InputError.self) { try Fold("five") }
    #expect(throws: InputError.self) { try Fold("-1") }
  }

  @Test func splitsFile() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("splits_final.json")
      let split = Split(training: ["case_1", "case_2"], validation: ["case_3"])
      try Splits.write([split], to: file)
      #expect(try Splits.split(.number(0), of: ten, file: file) == split)
      #expect(try Splits.split(.all, of: ten, file: file).training == ten)
      try Splits.write([Split(training: ["unknown"], validation: [])], to: file)
      #expect(throws: InputError.self) { try Splits.split(.number(0), of: ten, file: file) }
      for text in [
        #"[{"train": ["case_1", "case_1"], "val": ["case_2"]}]"#, #"[{"train": ["case_1"], "val": ["case_1"]}]"#,
      ] {
        try folder.put(text, at: "splits_final.json")
        let error = #expect(throws: InputError.self) { try Splits.split(.number(0), of: ten, file: file) }
        #expect(error?.found == "case case_1 twice in fold 0")
      }
      try folder.put("{}", at: "splits_final.json")
      #expect(throws: InputError.self) { try Splits.split(.number(0), of: ten, file: file) }
    }
  }
}
