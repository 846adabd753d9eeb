import CoAP
import DeviceProtocol
import Helpers
import Interpreter
import Runtime
import TestSupport
import Testing
import Verifier

@testable import DeviceClient

@Suite struct ExecutionRules {
  @Test func `a request to run that comes again is answered again and not carried out again`() throws {
    var device = try Device()
    _ = try device.install(storing(local: false))
    let request = device.message(.post, "slots/1/run", payload: [1, 0, 0, 0, 7, 0, 0, 0])
    let first = try device.receive(try request.encoded())
    let second = try device.receive(try request.encoded())
    #expect(first.count == 1)
    #expect(first == second)
    let slot = Value(try device.request(.get, "slots/1").payload)
    #expect(slot?[.text("runs")] == .integer(1))
  }

  @Test func `the context is the program's to read and change, and gone in the next run`() throws {
    var device = try Device()
    // Returns the first byte of the context and its length, after adding 1 to the byte.
    _ = try device.install(
      Assembly.loadByte(0, from: 1) + Assembly.storeByte(99, to: 1)
        + Assembly.instruction(0x67, destination: 2, immediate: 8)
        + Assembly.instruction(0x0f, destination: 0, source: 2) + Assembly.exit)
    for _ in 0..<2 {
      let result = try device.result(of: 1, context: [5, 6, 7])
      #expect(result == 0x305)
    }
  }

  @Test func `an execution without context has none`() throws {
    var device = try Device()
    _ = try device.install(Assembly.copy(0, from: 1) + Assembly.exit)
    let address = try device.result(of: 1)
    #expect(address == 0)
  }

  @Test func `an empty slot is not run`() throws {
    var device = try Device()
    let refusal = Refusal(try device.request(.post, "slots/3/run"))
    #expect(refusal.code == .notFound)
    #expect(refusal.rule == Int(RequestRule.emptySlot.rawValue))
    #expect(refusal.description == "Slot is empty (4.04): nothing is installed in this slot (slot 3)")
  }

  @Test func `an erased slot is empty and keeps its sequence number`() throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(5))
    let erased = try device.request(.delete, "slots/1")
    #expect(erased.code == .deleted)
    let slot = Value(try device.request(.get, "slots/1").payload)
    #expect(slot?[.text("size")] == .integer(0))
    #expect(slot?[.text("sequence")] == .integer(1))
    let refusal = Refusal(try device.request(.post, "slots/1/run"))
    #expect(refusal.rule == Int(RequestRule.emptySlot.rawValue))
  }

  @Test func `an address of 64 bits is reported whole`() throws {
    var device = try Device()
    _ = try device.install(Assembly.move(1, -8) + Assembly.loadByte(0, from: 1) + Assembly.exit)
    let refusal = Refusal(try device.request(.post, "slots/1/run"))
    #expect(refusal.stage == .execution)
    #expect(refusal.rule == Int(Trap.Rule.readOutside.rawValue))
    #expect(refusal.address == 0xffff_ffff_ffff_fff8)
    #expect(
      refusal.description
        == "Program stopped (5.00): it read memory outside its compartment (instruction 1, address 0xfffffffffffffff8)"
    )
  }

  @Test func `the address 0 is an address like others`() throws {
    var device = try Device()
    _ = try device.install(
      Assembly.move(1, 0) + Assembly.blur(1) + Assembly.loadByte(0, from: 1) + Assembly.exit)
    let refusal = Refusal(try device.request(.post, "slots/1/run"))
    #expect(
      refusal.description
        == "Program stopped (5.00): it read memory outside its compartment (instruction 2, address 0x0)")
  }

  @Test func `a program that is certain to go wrong is not installed, and the slot keeps what it holds`()
    throws
  {
    var device = try Device()
    _ = try device.install(Assembly.returning(5))
    let refused = try device.install(
      Assembly.copy(1, from: 10) + Assembly.add(1, -516) + Assembly.loadWord(0, from: 1) + Assembly.exit)
    #expect(refused.code == .unprocessableEntity)
    #expect(
      Refusal(refused).description
        == "Program refused by the verifier (4.22): the access is outside the stack frame (instruction 2, offset -516, 4 bytes from there within -512 to -1)"
    )
    let kept = try device.result(of: 1)
    #expect(kept == 5)
  }

  @Test func `whether a program goes wrong with a context shows when it runs with one`() throws {
    var device = try Device()
    let installed = try device.install(Assembly.loadByte(0, from: 1, 7) + Assembly.exit)
    #expect(installed.code == .changed)
    let last = try device.result(of: 1, context: [0, 0, 0, 0, 0, 0, 0, 9])
    #expect(last == 9)
    let refusal = Refusal(try device.request(.post, "slots/1/run"))
    #expect(refusal.rule == Int(Trap.Rule.readOutside.rawValue))
  }

  // MARK: Stores

  /// Stores, under the key in the first word of the context, the second word; returns what the helper does.
  private func storing(local: Bool) -> [UInt8] {
    Assembly.copy(6, from: 1) + Assembly.loadWord(1, from: 6) + Assembly.loadWord(2, from: 6, 4)
      + Assembly.call(Int32((local ? Helper.storeLocal : .storeGlobal).rawValue)) + Assembly.exit
  }

  /// Returns what is stored under the key in the first word of the context.
  private func fetching(local: Bool) -> [UInt8] {
    Assembly.loadWord(1, from: 1) + Assembly.copy(2, from: 10) + Assembly.add(2, -4)
      + Assembly.call(Int32((local ? Helper.fetchLocal : .fetchGlobal).rawValue))
      + Assembly.loadWord(0, from: 10, -4) + Assembly.exit
  }

  @Test func `programs share the global store`() throws {
    var device = try Device()
    _ = try device.install(storing(local: false), slot: 1)
    _ = try device.install(fetching(local: false), slot: 2)
    let stored = try device.result(of: 1, context: [1, 0, 0, 0, 7, 0, 0, 0])
    #expect(stored == 0)
    let fetched = try device.result(of: 2, context: [1, 0, 0, 0])
    #expect(fetched == 7)
    let absent = try device.result(of: 2, context: [2, 0, 0, 0])
    #expect(absent == 0)
  }

  @Test(arguments: [true, false])
  func `a full store takes no new key and replaces old values`(local: Bool) throws {
    var device = try Device()
    _ = try device.install(storing(local: local))
    let entries = local ? Limits.localStoreEntries : Limits.globalStoreQuota
    for key in 0..<entries {
      let stored = try device.result(of: 1, context: [UInt8(key), 0, 0, 0, 7, 0, 0, 0])
      #expect(stored == 0)
    }
    let refused = try device.result(of: 1, context: [99, 0, 0, 0, 7, 0, 0, 0])
    #expect(refused == -1)
    let replaced = try device.result(of: 1, context: [3, 0, 0, 0, 8, 0, 0, 0])
    #expect(replaced == 0)
  }

  /// Keeps the first word of the context in its local store and returns what was there.
  private var swapping: [UInt8] {
    Assembly.copy(6, from: 1) + Assembly.move(1, 1) + Assembly.copy(2, from: 10) + Assembly.add(2, -4)
      + Assembly.call(Int32(Helper.fetchLocal.rawValue)) + Assembly.move(1, 1)
      + Assembly.loadWord(2, from: 6) + Assembly.call(Int32(Helper.storeLocal.rawValue))
      + Assembly.loadWord(0, from: 10, -4) + Assembly.exit
  }

  @Test func `the local store is the slot's own`() throws {
    var device = try Device()
    _ = try device.install(swapping, slot: 1)
    _ = try device.install(swapping, slot: 2)
    for (slot, kept, found) in [(1, 5, 0), (2, 6, 0), (1, 7, 5), (2, 8, 6)] as [(Int, UInt8, Int64)] {
      let result = try device.result(of: slot, context: [kept, 0, 0, 0])
      #expect(result == found)
    }
  }

  @Test func `an installation and an erasure clear the slot's local store`() throws {
    var device = try Device()
    for erases in [false, true] {
      _ = try device.install(swapping)
      let fresh = try device.result(of: 1, context: [5, 0, 0, 0])
      #expect(fresh == 0)
      let kept = try device.result(of: 1, context: [6, 0, 0, 0])
      #expect(kept == 5)
      if erases { _ = try device.request(.delete, "slots/1") }
      _ = try device.install(swapping)
      let cleared = try device.result(of: 1, context: [5, 0, 0, 0])
      #expect(cleared == 0)
    }
  }

  @Test func `a refused installation keeps the slot's local store`() throws {
    var device = try Device()
    _ = try device.install(swapping)
    _ = try device.result(of: 1, context: [5, 0, 0, 0])
    let refused = try device.install(Assembly.move(0, 1))
    #expect(Refusal(refused).stage == .verifier)
    let kept = try device.result(of: 1, context: [6, 0, 0, 0])
    #expect(kept == 5)
  }

  @Test func `the clock's milliseconds are those of the board, modulo 2 to the 32`() throws {
    var device = try Device()
    _ = try device.install(Assembly.call(Int32(Helper.nowMilliseconds.rawValue)) + Assembly.exit)
    device.world.now = Instant(milliseconds: 1 << 32 + 1234)
    let result = try device.result(of: 1)
    #expect(result == 1234)
  }
}
