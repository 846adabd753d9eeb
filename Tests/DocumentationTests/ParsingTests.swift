import Testing

@Suite struct ParsingTests {
  @Test func `a page falls apart into prose and blocks with their words`() {
    let page = Page(path: "x.md", text: "# Title\n```c file=a.c\nint x;\n```\ntext\n```\nplain\n```\n")
    #expect(page.prose == ["# Title", "text", ""])
    #expect(page.blocks.map(\.language) == ["c", ""])
    #expect(page.blocks[0].value(of: "file") == "a.c")
    #expect(page.blocks[0].text == "int x;\n")
    #expect(page.blocks.map(\.line) == [2, 6])
    #expect(!page.isRunnable)
  }

  @Test func `an expected line has to be there as a whole, dots stand for any text`() {
    #expect(Expectation(["result 45", ""]).matches("waiting\nresult 45\n"))
    #expect(!Expectation(["result 4"]).matches("result 45\n"))
    #expect(Expectation(["result …, … ms"]).matches("result 45, 3 ms"))
    #expect(!Expectation(["a.c"]).matches("abc"))
  }

  @Test func `expected lines follow each other unless dots stand between them`() {
    #expect(!Expectation(["a", "c"]).matches("a\nb\nc\n"))
    #expect(Expectation(["a", "…", "c"]).matches("a\nb\nc\n"))
    #expect(!Expectation(["c", "…", "a"]).matches("a\nb\nc\n"))
  }
}
