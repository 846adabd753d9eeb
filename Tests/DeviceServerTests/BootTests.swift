import CoAP
import DeviceProtocol
import Runtime
import TestSupport
import Testing

@testable import DeviceClient
@testable import DeviceServer

/// Programs that the device starts whenever it has started itself.
@Suite struct Boot {
  private func flash() -> SimulatedFlash {
    SimulatedFlash(blockSize: 4096, blockCount: 20, programUnit: 4)
  }

  /// A device that has just restarted, in whose slot 1 this program was started so.
  private func restarted(_ program: [UInt8], _ path: String, _ queries: [String]) throws -> Device {
    let flash = flash()
    var device = try Device(flash: flash)
    _ = try device.install(program)
    let started = try device.request(.post, "slots/1/\(path)", queries: queries)
    #expect(started.code == .changed)
    return try Device(flash: flash.restarted())
  }

  private func isMarked(_ slot: Int, of device: inout Device) throws -> Bool {
    try SlotDescription(try device.value(.get, "slots/\(slot)")).startsAtBoot
  }

  /// Prints a line for each run.
  private static let printer = Assembly.move(1, 7) + Assembly.call(3) + Assembly.returning(7)

  /// Goes on for ever, without a context.
  private static let endless =
    Assembly.move(0, 0) + Assembly.instruction(0x15, destination: 2, offset: -1) + Assembly.exit

  @Test func `a program started so is started again after a restart, a while later`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    _ = try device.install(Self.printer)
    let started = try device.request(.post, "slots/1/instance", queries: ["boot=start"])
    #expect(started.code == .changed)
    let marked = try isMarked(1, of: &device)
    #expect(marked)
    var restarted = try Device(flash: flash.restarted())
    let before = try restarted.instance(1)
    #expect(before.state == "idle" && before.starts == 0)
    _ = try restarted.wait(2999)
    let justBefore = try restarted.instance(1)
    #expect(justBefore.state == "idle")
    _ = try restarted.wait(1)
    let after = try restarted.instance(1)
    #expect(after.state == "ended" && after.ending == "returned" && after.result == 7 && after.starts == 1)
    #expect(after.model == "long-running" && after.engine == "interpreter")
    #expect(String(decoding: restarted.world.console, as: UTF8.self) == "[DEBUG]: 7\n")
    let stillMarked = try isMarked(1, of: &restarted)
    #expect(stillMarked)
  }

  @Test func `timer, limits and helpers are those that it was started with`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    _ = try device.install(Self.printer)
    // Without helper 3 it could not have been started: with it, and no other.
    let queries = ["every=250", "boot=start", "helpers=03", "instructions=77", "milliseconds=9"]
    let started = try device.request(.post, "slots/1/timer", queries: queries)
    #expect(started.code == .changed)
    var restarted = try Device(flash: flash.restarted())
    _ = try restarted.wait(3000)
    let first = try restarted.instance(1)
    #expect(first.state == "waiting" && first.model == "triggered" && first.every == 250 && first.starts == 1)
    _ = try restarted.wait(1000)
    let later = try restarted.instance(1)
    #expect(later.starts == 5)
  }

  @Test func `a program that may take little is stopped after a restart, too`() throws {
    var restarted = try restarted(Self.endless, "timer", ["every=250", "boot=start", "instructions=50"])
    _ = try restarted.wait(3100)
    let instance = try restarted.instance(1)
    #expect(instance.ending == "trapped" && instance.instructions ?? 0 <= 51)
  }

  @Test func `a program that may print little is kept to that after a restart, too`() throws {
    var restarted = try restarted(Self.printer, "instance", ["log=5", "arena=1024", "boot=start"])
    _ = try restarted.wait(4000)
    let log = try LogDescription(
      #require(Value(try restarted.request(.get, "slots/1/log", accept: 60).payload)))
    #expect(log.printed == 0 && log.dropped > 0)
    #expect(restarted.world.console.isEmpty)
  }

  @Test func `the restart policy is kept`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    _ = try device.install(Self.printer)
    _ = try device.request(.post, "slots/1/instance", queries: ["boot=start", "restart=always"])
    var restarted = try Device(flash: flash.restarted())
    _ = try restarted.wait(5500)
    let instance = try restarted.instance(1)
    #expect(instance.starts == 3 && instance.restarts == 2)
  }

  @Test func `an event is kept`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    _ = try device.install(Self.printer)
    _ = try device.request(.post, "slots/1/event", queries: ["boot=start", "device=1", "below=-5"])
    var restarted = try Device(flash: flash.restarted())
    _ = try restarted.wait(3000)
    let instance = try restarted.instance(1)
    #expect(instance.state == "waiting" && instance.device == 1 && instance.below == -5)
  }

  @Test func `a killed program comes back after a restart, a stopped one does not`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    for slot in [1, 2] {
      _ = try device.install(Self.printer, slot: UInt16(slot))
      _ = try device.request(
        .post, "slots/\(slot)/timer", queries: ["every=1000", "boot=start"])
    }
    let killed = try device.request(.delete, "slots/1/instance").code
    let stopped = try device.request(.delete, "slots/2/instance", queries: ["boot=no"]).code
    #expect(killed == .deleted && stopped == .deleted)
    let marks = [try isMarked(1, of: &device), try isMarked(2, of: &device)]
    #expect(marks == [true, false])
    var restarted = try Device(flash: flash.restarted())
    _ = try restarted.wait(4000)
    let starts = [try restarted.instance(1).starts, try restarted.instance(2).starts]
    #expect(starts == [2, 0])
  }

  @Test func `what only starts at boot can be stopped, and then there is nothing to stop`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    _ = try device.install(Self.printer)
    _ = try device.request(.post, "slots/1/instance", queries: ["boot=start"])
    let stopped = try device.request(.delete, "slots/1/instance", queries: ["boot=no"]).code
    #expect(stopped == .deleted)
    let again = try device.refusal(.delete, "slots/1/instance", queries: ["boot=no"])
    #expect(again?.rule == Int(RequestRule.notRunning.rawValue))
  }

  @Test func `there is time to stop a program before it starts`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    _ = try device.install(Self.printer)
    _ = try device.request(.post, "slots/1/instance", queries: ["boot=start"])
    var restarted = try Device(flash: flash.restarted())
    _ = try restarted.wait(2000)
    let stopped = try restarted.request(.delete, "slots/1/instance", queries: ["boot=no"]).code
    #expect(stopped == .deleted)
    _ = try restarted.wait(10_000)
    let instance = try restarted.instance(1)
    #expect(instance.starts == 0)
  }

  @Test func `who starts it in that time starts it once`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    _ = try device.install(Self.printer)
    _ = try device.request(.post, "slots/1/instance", queries: ["boot=start"])
    var restarted = try Device(flash: flash.restarted())
    _ = try restarted.result(of: 1)
    _ = try restarted.wait(10_000)
    let instance = try restarted.instance(1)
    #expect(instance.starts == 1)
  }

  @Test func `a start without the mark leaves it, a start against it takes it away`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    _ = try device.install(Self.printer)
    _ = try device.request(.post, "slots/1/instance", queries: ["boot=start"])
    _ = try device.request(.post, "slots/1/instance")
    let left = try isMarked(1, of: &device)
    #expect(left)
    _ = try device.request(.post, "slots/1/instance", queries: ["boot=no"])
    let taken = try isMarked(1, of: &device)
    #expect(!taken)
  }

  @Test func `a program that traps at once leaves the device and the others alone`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    let trapping = Assembly.blur(2) + Assembly.loadByte(0, from: 2) + Assembly.exit
    for (slot, image) in [(0, trapping), (1, Self.printer), (4, trapping)] {
      _ = try device.install(image, slot: UInt16(slot))
      _ = try device.request(
        .post, "slots/\(slot)/instance", queries: ["boot=start", "restart=on-failure"])
    }
    _ = try device.install(Self.endless, slot: 3)
    _ = try device.request(.post, "slots/3/timer", queries: ["boot=start", "every=1", "instructions=1000"])
    var restarted = try Device(flash: flash.restarted())
    _ = try restarted.wait(3500)
    let good = try restarted.instance(1)
    let bad = try restarted.instance(0)
    let slow = try restarted.instance(3)
    #expect(good.ending == "returned")
    #expect(bad.ending == "trapped")
    #expect(slow.ending == "trapped")
    for slot in [0, 3, 4] {
      let stopped = try restarted.request(.delete, "slots/\(slot)/instance", queries: ["boot=no"]).code
      #expect(stopped == .deleted)
    }
    let result = try restarted.result(of: 1)
    #expect(result == 7)
  }

  @Test func `what cannot be started any more is told on the console, and the others are started`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    for slot in [1, 2] {
      _ = try device.install(Self.printer, slot: UInt16(slot))
      _ = try device.request(.post, "slots/\(slot)/instance", queries: ["boot=start"])
    }
    var settings = device.server.runtime.slots.records[1].settings
    settings.isolation = .checked
    // As a device that compiles would have stored it: this one cannot.
    try device.server.runtime.set(settings, of: #require(SlotNumber(1)))
    var restarted = try Device(flash: flash.restarted())
    _ = try restarted.wait(3000)
    #expect(
      String(decoding: restarted.world.console, as: UTF8.self)
        == "microbpf: could not be started at boot: slot 1\n[DEBUG]: 7\n")
  }

  @Test func `another program in the slot is not started, nor is an empty slot`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    _ = try device.install(Self.printer)
    _ = try device.request(.post, "slots/1/instance", queries: ["boot=start"])
    _ = try device.install(Assembly.returning(8))
    let isMarkedAfterwards = try isMarked(1, of: &device)
    #expect(!isMarkedAfterwards)
    _ = try device.install(Self.printer, slot: 2)
    _ = try device.request(.post, "slots/2/instance", queries: ["boot=start"])
    _ = try device.request(.delete, "slots/2")
    var restarted = try Device(flash: flash.restarted())
    _ = try restarted.wait(10_000)
    let starts = [try restarted.instance(1).starts, try restarted.instance(2).starts]
    #expect(starts == [0, 0])
  }

  @Test func `a device without storage says that it cannot`() throws {
    var device = try Device()
    _ = try device.install(Self.printer)
    let refusal = try device.refusal(.post, "slots/1/instance", queries: ["boot=start"])
    #expect(refusal?.code == .notImplemented && refusal?.stage == .storage)
    #expect(refusal?.rule == Int(StorageRule.none.rawValue))
    let instance = try device.instance(1)
    #expect(instance.starts == 0)
  }

  @Test func `a mark that cannot be stored is no success, and nothing runs`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    _ = try device.install(Self.printer)
    flash.power = 100
    let refusal = try device.refusal(
      .post, "slots/1/timer", queries: ["boot=start", "every=1000"])
    #expect(refusal?.stage == .storage && refusal?.rule == Int(StorageRule.notKept.rawValue))
    let instance = try device.instance(1)
    #expect(instance.state == "ended" && instance.every == nil)
  }

  @Test(arguments: [
    ["boot=start", "boot=no"], ["boot=yes"], ["boot="], ["boot"],
  ])
  func `a mark that nobody knows is refused`(queries: [String]) throws {
    var device = try Device(flash: flash())
    _ = try device.install(Self.printer)
    let refusal = try device.refusal(.post, "slots/1/instance", queries: queries)
    #expect(refusal?.code == .badRequest && refusal?.rule == Int(RequestRule.query.rawValue))
    let onRun = try device.refusal(.post, "slots/1/run", queries: ["boot=start"])
    #expect(onRun?.rule == Int(RequestRule.query.rawValue))
    let onKill = try device.refusal(.delete, "slots/1/instance", queries: ["boot=start"])
    #expect(onKill?.rule == Int(RequestRule.query.rawValue))
  }
}
