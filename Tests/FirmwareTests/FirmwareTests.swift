import CoAPTransport
import Testing

@Suite(.enabled(if: Machine.isRequired, "the firmware has not been built: run make firmware"), .serialized)
struct FirmwareChecksOnTheBoard {
  @Test func `every check passes on the board`() throws {
    let (status, lines) = try Machine("checks").finish()
    let verdicts = lines.filter { $0.hasPrefix("ok ") || $0.hasPrefix("not ok ") }
    for line in lines where line.hasPrefix("not ok ") { Issue.record("\(line)") }
    #expect(lines.contains("1..\(verdicts.count)"))
    #expect(verdicts.count > 10)
    #expect(status == 0, "\(lines.joined(separator: "\n"))")
  }

  @Test func `an unknown command is refused`() throws {
    #expect(try Machine("nonsense").finish().status == 2)
  }

  struct Fault: CustomTestStringConvertible {
    let name: String
    let report: String
    /// Part of the name of the function it happens in, where there is one.
    let function: String?
    var testDescription: String { name }
  }

  @Test(arguments: [
    Fault(
      name: "failed-runtime-check",
      report: "FAULT: usage fault, undefined instruction (a failed runtime check ends here)",
      function: "indexOutOfBounds"),
    Fault(
      name: "heap-exhausted",
      report: "FAULT: usage fault, undefined instruction (a failed runtime check ends here)",
      function: "posix_memalign"),
    Fault(
      name: "unmapped-address", report: "FAULT: bus fault, bus error at address 0x70000000",
      function: "storeToUnmappedAddress"),
    Fault(
      name: "stack-guard",
      report: "FAULT: memory management fault, access refused by the memory protection at address 0x203fbffc:"
        + " the stack is exhausted",
      function: "storeBelowStack"),
    Fault(name: "unmapped-code", report: "FAULT: bus fault, instruction bus error", function: nil),
    Fault(name: "not-thumb", report: "FAULT: usage fault, not in Thumb state", function: nil),
  ])
  func `a fault says what happened and where, and ends the machine`(fault: Fault) throws {
    let (status, lines) = try Machine(fault.name).finish()
    #expect(status == 3)
    #expect(lines.contains(fault.report), "\(lines)")
    let place = try #require(lines.compactMap { $0.firstMatch(of: /^  pc (0x[0-9a-f]{8}) lr 0x/) }.first)
    if let function = fault.function {
      #expect(try Machine.function(at: String(place.output.1)).contains(function))
    }
  }

  @Test func `a stack that grows without end is stopped before it reaches the heap`() throws {
    let (status, lines) = try Machine("stack-exhausted").finish()
    #expect(status == 3)
    let report = try #require(lines.first { $0.hasPrefix("FAULT: ") })
    #expect(report.contains("access refused by the memory protection"))
    #expect(report.hasSuffix(": the stack is exhausted"))
  }

  @Test func `datagrams of every size that fits a frame come back`() throws {
    let port = try freePort()
    let machine = try Machine("echo", echoPort: port)
    try #require(machine.waits(for: "echo: ready"))
    let client = try UDPClient()
    try client.connect(to: port)
    for size in [1, 2, 3, 4, 63, 64, 65, 512, 1152, 1471, 1472] {
      let datagram = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ size) }
      #expect(client.exchange(datagram) == datagram, "\(size) bytes")
    }
    #expect(client.exchange(Array("quit".utf8)) == Array("quit".utf8))
    #expect(machine.finish().status == 0)
  }

  @Test func `fragments, floods and several clients leave the board answering`() throws {
    let port = try freePort()
    let machine = try Machine("echo", echoPort: port)
    try #require(machine.waits(for: "echo: ready"))
    let flood = try UDPClient()
    try flood.connect(to: port)
    // Longer than a frame, so the network splits it; and more at once than the board has buffers for.
    for _ in 0..<20 { #expect(flood.send([UInt8](repeating: 1, count: 4000))) }
    for _ in 0..<500 { #expect(flood.send([UInt8](repeating: 2, count: 700))) }
    let clients = try (0..<4).map { _ in try UDPClient() }
    for (number, client) in clients.enumerated() {
      try client.connect(to: port)
      let question = [UInt8](repeating: UInt8(number), count: 100 + number)
      // The flood may still fill the board's receive buffer: what a client would do is to ask again.
      let answer = (0..<10).lazy.compactMap { _ in client.exchange(question) }.first
      #expect(answer == question)
    }
    #expect(clients[0].exchange(Array("quit".utf8)) != nil)
    #expect(machine.finish().status == 0)
  }
}
