import Files
import Testing

@testable import Datasets

/// Protects the table of groups: its cells, which columns count as groups, and the refusal of broken tables.
@Suite struct CaseTableTests {
  private func table(_ text: String) throws -> CaseTable { try CaseTable(text, file: "groups.csv") }

  @Test func columns() throws {
    let groups = try table(
      "case,group,age_weeks,scanner,note\r\na,rare,21,\"GE, 3T\",first\r\nb,common,22,Siemens,second\r\n"
        + "c,common,23,Siemens,third\r\nd,rare,24,\"GE, 3T\",\r\n\r\n")
    #expect(groups.columns == ["group", "age_weeks", "scanner", "note"])
    #expect(groups.caseNames == ["a", "b", "c", "d"])
    #expect(groups.value("group", of: "a") == "rare")
    #expect(groups.value("scanner", of: "d") == "GE, 3T")
    #expect(groups.value("note", of: "d") == nil)
    #expect(groups.value("group", of: "e") == nil)
    #expect(groups.categoricalColumns == ["group", "scanner"])
  }

  @Test(arguments: ["", "name,group\na,b", "case,group\na", "case,group\na,x\na,y", "case,group,group\na,x,y"])
  func refused(text: String) {
    #expect(throws: InputError.self) { try table(text) }
  }
}
