import CoAP
import DeviceProtocol
import TestSupport
import Testing

@testable import DeviceClient

/// What a device says of compiled programs that cannot run any: this machine is none of ours.
@Suite struct CompilationRules {
  @Test func `a device without compiled programs says so`() throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(3))
    let compile = Refusal(try device.request(.post, "slots/1/code"))
    let run = Refusal(try device.request(.post, "slots/1/run", queries: ["engine=jit"]))
    for refusal in [compile, run] {
      #expect(refusal.code == .notImplemented)
      #expect(refusal.stage == .compilation)
      #expect(refusal.rule == Int(CompilationRule.noNativeProcessor.rawValue))
      #expect(
        refusal.description == "No compiled programs (5.01): this device cannot run compiled programs")
    }
    let result = try device.result(of: 1)
    #expect(result == 3)
    let slot = Value(try device.request(.get, "slots/1").payload)
    #expect(slot?[.text("codeBytes")] == .integer(0))
    let description = Value(try device.request(.get, "device").payload)
    #expect(description?[.text("codeRegionBytes")] == .integer(0))
  }

  @Test func `dropping code that is not there is done`() throws {
    var device = try Device()
    #expect(try device.request(.delete, "slots/1/code").code == .deleted)
  }

  @Test func `an erased slot keeps no code that it has not`() throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(3))
    let refusal = Refusal(try device.request(.delete, "slots/1", queries: ["keep=code"]))
    #expect(refusal.isNotCompiled)
    #expect(refusal.code == .conflict)
    let result = try device.result(of: 1)
    #expect(result == 3)
  }

  @Test(arguments: [
    ("slots/1/run", ["engine=jot"], 0), ("slots/1/run", [""], 0), ("slots/1/run", ["keep=code"], 0),
    ("slots/1/run", ["engine=interpreter", "engine=jit"], 1),
    ("slots/1/run", ["engine=jit", "engine=jit", "engine"], 2), ("suit/trigger", ["engine=jit"], 0),
  ])
  func `a query that a resource does not know is refused`(path: String, queries: [String], index: Int64)
    throws
  {
    var device = try Device()
    _ = try device.install(Assembly.returning(3))
    let refusal = Refusal(try device.request(.post, path, queries: queries))
    #expect(refusal.code == .badRequest)
    #expect(refusal.stage == .request)
    #expect(refusal.rule == Int(RequestRule.query.rawValue))
    #expect(refusal.index == index)
  }

  @Test func `the interpreter may be asked for by name`() throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(3))
    let answer = try device.request(.post, "slots/1/run", queries: ["engine=interpreter"])
    #expect(Value(answer.payload)?[.text("result")] == .integer(3))
    #expect(Value(answer.payload)?[.text("instructions")] == .integer(2))
  }
}
