import DeviceProtocol
import Helpers
import Interpreter
import Runtime
import TestSupport
import Testing

@testable import DeviceClient

/// How much of its memory a run may use, and how much it may print.
@Suite struct LimitsOfARun {
  /// Calls nothing, but has `depth` functions that call each other: one stack frame for each.
  private static func nested(_ depth: Int) -> [UInt8] {
    (1..<depth).reduce(into: [UInt8]()) { code, _ in
      code += Assembly.instruction(0x85, source: 1, immediate: 1) + Assembly.exit
    } + Assembly.returning(5)
  }

  private static let printer = Assembly.call(Int32(Helper.printf.rawValue)) + Assembly.exit

  private func refusal(_ queries: [String], on device: inout Device) throws -> Refusal {
    Refusal(try device.request(.post, "slots/1/run", queries: queries))
  }

  @Test func `a program that needs more memory than its run is given is told so, and how much`() throws {
    var device = try Device()
    _ = try device.install(Self.nested(4))
    for size in [2048, 3072, Limits.arenaBytes] {
      let answer = try device.request(.post, "slots/1/run", queries: ["arena=\(size)"])
      #expect(answer.code == .changed, "\(size)")
    }
    let refusal = try refusal(["arena=1024"], on: &device)
    #expect(refusal.found == 2048 && refusal.expected == 1024)
    let usual = try device.request(.post, "slots/1/run")
    #expect(usual.code == .changed)
  }

  @Test(arguments: [0, 1, 1000, 1025, 2047, 8192, 999_999_999])
  func `sizes that the memory protection cannot draw are refused`(size: Int) throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(5))
    let refusal = try refusal(["arena=\(size)"], on: &device)
    #expect(refusal.code == .badRequest && refusal.rule == Int(RequestRule.arenaSize.rawValue))
    #expect(refusal.found == Int64(size) && refusal.expected == Int64(Limits.arenaBytes))
    #expect(refusal.description.contains("\(size) bytes, at most \(Limits.arenaBytes)"))
    for path in ["instance", "timer", "event"] {
      let queries =
        ["arena=\(size)"]
        + (path == "timer" ? ["every=5"] : path == "event" ? ["device=0", "above=5"] : [])
      let refusal = Refusal(try device.request(.post, "slots/1/\(path)", queries: queries))
      #expect(refusal.rule == Int(RequestRule.arenaSize.rawValue), "\(path)")
    }
  }

  @Test func `the rest of the memory is outside for the interpreter, and there for the next run`() throws {
    var device = try Device()
    // Reads a byte so far behind the start of its context as that says.
    _ = try device.install(
      Assembly.instruction(0x69, destination: 3, source: 1) + Assembly.add(1, from: 3)
        + Assembly.loadByte(0, from: 1) + Assembly.exit)
    // The context comes behind the stack frame of 512 bytes.
    for (offset, arena, isInside) in [
      (511, 1024, true), (512, 1024, false), (512, nil, true), (6655, nil, true), (6656, nil, false),
    ] {
      let answer = try device.request(
        .post, "slots/1/run", queries: arena.map { ["arena=\($0)"] } ?? [],
        payload: [UInt8(offset & 0xff), UInt8(offset >> 8)])
      #expect((answer.code == .changed) == isInside, "\(offset) of \(arena ?? Limits.arenaBytes)")
      if !isInside { #expect(Refusal(answer).rule == Int(Trap.Rule.readOutside.rawValue)) }
    }
  }

  @Test func `what a run prints beyond its rate is dropped and counted`() throws {
    var device = try Device()
    _ = try device.install(Self.printer)
    func print(_ text: String, _ queries: [String]) throws -> LogDescription {
      let answer = try device.request(
        .post, "slots/1/run", queries: queries, payload: Array(text.utf8) + [0])
      #expect(answer.code == .changed)
      return try LogDescription(
        #require(Value(try device.request(.get, "slots/1/log", accept: 60).payload)))
    }
    var log = try print("1234567890", ["log=10"])
    #expect(log.printed == 10 && log.dropped == 0)
    // In the same second.
    log = try print("1", ["log=10"])
    #expect(log.printed == 10 && log.dropped == 1)
    log = try print("12", ["log=0"])
    #expect(log.printed == 10 && log.dropped == 3)
    log = try print("123", [])
    #expect(log.printed == 13 && log.dropped == 3)
  }

  @Test func `no run may print more than the device lets any`() throws {
    var device = try Device()
    _ = try device.install(Self.printer)
    let refusal = try refusal(["log=\(Limits.logBytesPerSecond + 1)"], on: &device)
    #expect(refusal.code == .badRequest && refusal.rule == Int(RequestRule.logRate.rawValue))
    #expect(refusal.expected == Int64(Limits.logBytesPerSecond))
  }
}
