import CoAP
import CoAPTransport
import DeviceClient
import DeviceProtocol
import DeviceServer
import Interpreter
import Testing
import Toolchain
import Verifier

@testable import microbpf

@Suite struct ComplaintRules {
  private let plain = Terminal(isTerminal: false, environment: [:])
  private let colourful = Terminal(isTerminal: true, environment: ["TERM": "xterm"])

  private let complaint = Complaint(.refused, "program stopped", next: "look there", "ask")
    .at("slot 1").with("source", "sum.c:3: return a[9];").with("found", nil)

  @Test func `a failure is told in three parts`() {
    #expect(
      complaint.text(on: plain) == """
        microbpf: program stopped
          where:   slot 1
          source:  sum.c:3: return a[9];
          next:    look there
          next:    ask
        """)
  }

  @Test func `what another tool said comes first`() {
    #expect(complaint.quoting("sum.c:3:1: error\n").text(on: plain).hasPrefix("sum.c:3:1: error\nmicrobpf: "))
  }

  @Test func `there are colours on a terminal only, and none when they are not wanted`() {
    #expect(complaint.text(on: colourful).contains("\u{1b}[1;31mmicrobpf:\u{1b}[0m"))
    for terminal in [
      plain, Terminal(isTerminal: true, environment: ["NO_COLOR": "1"]),
      Terminal(isTerminal: true, environment: ["TERM": "dumb"]),
    ] {
      #expect(!complaint.text(on: terminal).contains("\u{1b}"))
    }
    #expect(Terminal(isTerminal: true, environment: ["NO_COLOR": ""]).hasColours)
  }

  @Test func `exit statuses never change`() {
    #expect(microbpf.ExitStatus.allCases.map(\.rawValue) == [0, 1, 2, 64, 65, 69, 130])
  }

  @Test(arguments: [
    (CompileError.unreadable("a.c"), microbpf.ExitStatus.input), (.toolMissing("swiftc"), .unavailable),
    (.refused(tool: "clang", diagnostics: "a.c:3:5: error: no\n"), .input),
    (.needsRuntime(["malloc"]), .input),
    (.unknownLanguage("a.d"), .input), (.system("disk full"), .unavailable),
  ])
  func `what does not compile has its status and a next step`(
    error: CompileError, status: microbpf.ExitStatus
  ) {
    let complaint = Complaint(error)
    #expect(complaint.status == status)
    #expect(!complaint.next.joined().isEmpty)
  }

  @Test func `the place of the compiler's first error is told`() {
    let complaint = Complaint(
      CompileError.refused(
        tool: "clang",
        diagnostics: "/x/a.c:1:1: warning: hm\n/x/a.c:3:5: error: no\n/x/a.c:9:9: error: no\n"))
    #expect(complaint.details == [Complaint.Detail(label: "where", text: "/x/a.c:3:5")])
  }

  @Test func `a device that does not answer is another matter than one that refuses`() {
    let silent = DeviceError.unreachable(.timedOut(uri: "coap://192.0.2.7/slots"))
    #expect(Complaint(silent).status == .unreachable)
    #expect(Complaint(DeviceError.refused(Refusal(Problem(Trap(.readOutside, at: 3))))).status == .refused)
  }

  @Test func `a failure of a device names slot, device and source`() {
    var failure = DeviceFailure(
      error: .refused(Refusal(Problem(Trap(.readOutside, at: 3, address: 16)))), device: "coap://192.0.2.7",
      slot: 2)
    failure.source = SourceLine(file: "sum.c", line: 7, text: "return *p;")
    #expect(
      Complaint(failure).text(on: plain) == """
        microbpf: program stopped: it read memory outside its compartment
          where:   slot 2 of the device at coap://192.0.2.7
          source:  sum.c:7: return *p;
          found:   instruction 3, address 0x10
          next:    check the pointer or index there; a program has its stack, data, constants and input
        """)
  }

  @Test(arguments: Problem.Stage.allCases, UInt8(0)...UInt8(210))
  func `whatever is refused has a next step`(stage: Problem.Stage, rule: UInt8) {
    let problem = Problem(.badRequest, stage, rule: rule, title: "No", detail: "no")
    #expect(Refusal(problem).advice.count > 10)
  }
}

@Suite struct ProgressRules {
  @Test func `what goes on is told in a line`() {
    #expect(Progress.line(frame: 0, what: "compiling", done: nil, seconds: 0) == "| compiling")
    #expect(
      Progress.line(frame: 5, what: "sending", done: 0.25, seconds: 4)
        == "/ sending [####------------] 25 %, 4 s")
    #expect(
      Progress.line(frame: 2, what: "sending", done: 1, seconds: 0).contains("[################] 100 %"))
  }

  @Test func `the result of what goes on is handed on`() async throws {
    let quiet = Terminal(isTerminal: false, environment: [:])
    let result = try await withProgress("counting", on: quiet) { _ in 7 }
    #expect(result == 7)
    await #expect(throws: NoKey.self) {
      try await withProgress("failing", on: quiet) { _ in throw NoKey(path: "x") }
    }
  }
}
