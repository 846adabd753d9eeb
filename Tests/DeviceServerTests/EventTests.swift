import CoAP
import DeviceProtocol
import TestSupport
import Testing

@testable import DeviceClient
@testable import DeviceServer

/// Programs that events of the board run.
@Suite struct BoardEvents {
  /// Returns the first number of the reading that it is given: the sign of the lower half is left out.
  private static let teller = Assembly.instruction(0x69, destination: 0, source: 1) + Assembly.exit

  private func device(_ program: [UInt8] = teller) throws -> Device {
    var device = try Device()
    _ = try device.install(program)
    return device
  }

  private func simulate(_ value: Int, of number: Int, _ device: inout Device) throws {
    let answer = try device.request(.put, "peripherals/\(number)", payload: Array("\(value)".utf8))
    #expect(answer.code == .changed)
    _ = try device.wait(100)
  }

  @Test func `each press of a button runs the program once, however long it is held`() throws {
    var device = try device()
    let attached = try InstanceDescription(
      try device.value(.post, "slots/1/event", queries: ["device=0", "pressed"]))
    #expect(attached.state == "waiting" && attached.model == "triggered" && attached.starts == 0)
    #expect(attached.device == 0 && attached.above == 0 && attached.below == nil && attached.events == 0)
    for press in 1...3 {
      try simulate(1, of: 0, &device)
      _ = try device.wait(5000)
      let pressed = try device.instance(1)
      #expect(pressed.starts == press && pressed.events == press)
      #expect(pressed.ending == "returned" && pressed.result == 1 && pressed.state == "waiting")
      try simulate(0, of: 0, &device)
      let released = try device.instance(1)
      #expect(released.starts == press)
    }
  }

  @Test func `a sensor runs the program when it crosses the value, and gives it what it measured`() throws {
    var device = try device()
    _ = try device.request(.post, "slots/1/event", queries: ["device=1", "above=250"])
    for (value, starts) in [(250, 0), (251, 1), (300, 1), (250, 1), (280, 2)] {
      try simulate(value, of: 1, &device)
      let instance = try device.instance(1)
      #expect(instance.starts == starts, "\(value)")
      if starts > 0, instance.starts == starts { #expect(instance.result == (starts == 1 ? 251 : 280)) }
    }
  }

  @Test func `below works likewise, with negative numbers`() throws {
    var device = try device()
    _ = try device.request(.post, "slots/1/event", queries: ["device=1", "below=-10"])
    for (value, starts) in [(-10, 0), (-11, 1), (-300, 1), (0, 1), (-32768, 2)] {
      try simulate(value, of: 1, &device)
      let instance = try device.instance(1)
      #expect(instance.starts == starts, "\(value)")
    }
    let last = try device.instance(1)
    #expect(last.below == -10 && last.result == 0x8000)
  }

  @Test func `what is so from the beginning is no event`() throws {
    var device = try device()
    try simulate(1, of: 0, &device)
    _ = try device.request(.post, "slots/1/event", queries: ["device=0", "pressed"])
    _ = try device.wait(1000)
    let held = try device.instance(1)
    #expect(held.starts == 0)
  }

  @Test
  func `a change that does not last until the device is looked at is missed, and no more run than are seen`()
    throws
  {
    var device = try device()
    _ = try device.request(.post, "slots/1/event", queries: ["device=0", "pressed"])
    for _ in 0..<200 {
      for level in ["1", "0"] { _ = try device.request(.put, "peripherals/0", payload: Array(level.utf8)) }
      _ = try device.wait(1)
    }
    let instance = try device.instance(1)
    #expect(instance.starts == 0)
    // However fast it changes, there are twenty looks a second, and two for an event.
    for step in 0..<1000 {
      _ = try device.request(.put, "peripherals/0", payload: [step & 1 == 0 ? 0x31 : 0x30])
      _ = try device.wait(7)
    }
    let later = try device.instance(1)
    #expect(later.starts > 10 && later.starts <= 70)
  }

  @Test func `a program that an event finds at work is run once more when it has ended`() throws {
    // Sleeps for a second: period to r2, the time it counts from in the frame.
    let sleeper =
      Assembly.call(0x60) + Assembly.instruction(0x63, destination: 10, source: 0, offset: -8)
      + Assembly.copy(1, from: 10) + Assembly.add(1, -8) + Assembly.move(2, 1_000_000) + Assembly.call(0x61)
      + Assembly.returning(1)
    var device = try device(sleeper)
    _ = try device.request(.post, "slots/1/event", queries: ["device=0", "pressed"])
    for _ in 0..<3 {
      try simulate(1, of: 0, &device)
      try simulate(0, of: 0, &device)
    }
    let asleep = try device.instance(1)
    #expect(asleep.state == "sleeping" && asleep.starts == 1 && asleep.events == 3)
    _ = try device.wait(5000)
    let ended = try device.instance(1)
    #expect(ended.state == "waiting" && ended.starts == 2 && ended.events == 3)
  }

  @Test func `a program that traps is run again at the next event`() throws {
    var device = try device(
      Assembly.blur(1) + Assembly.add(1, 1 << 24) + Assembly.loadByte(0, from: 1) + Assembly.exit)
    _ = try device.request(.post, "slots/1/event", queries: ["device=0", "pressed"])
    for press in 1...3 {
      try simulate(1, of: 0, &device)
      try simulate(0, of: 0, &device)
      let instance = try device.instance(1)
      #expect(instance.starts == press && instance.ending == "trapped" && instance.state == "waiting")
    }
  }

  @Test func `an ended program hears of no event, and the device has nothing to wait for`() throws {
    var device = try device()
    _ = try device.request(.post, "slots/1/event", queries: ["device=0", "pressed"])
    let killed = try device.request(.delete, "slots/1/instance").code
    #expect(killed == .deleted)
    try simulate(1, of: 0, &device)
    let instance = try device.instance(1)
    #expect(instance.starts == 0 && instance.state == "ended" && instance.device == nil)
    _ = try device.wait(300_000)
    #expect(device.server.nextDeadline == nil)
  }

  @Test func `a program that waits for an event has to be ended before it is started otherwise`() throws {
    var device = try device()
    _ = try device.request(.post, "slots/1/event", queries: ["device=0", "pressed"])
    for path in ["run", "instance", "event"] {
      let queries = path == "event" ? ["device=1", "above=1"] : []
      let refusal = try device.refusal(.post, "slots/1/\(path)", queries: queries)
      #expect(refusal?.rule == Int(RequestRule.slotBusy.rawValue), "\(path)")
    }
  }

  @Test(arguments: [
    ([], RequestRule.noEvent), (["pressed"], .noEvent), (["device=0"], .noEvent), (["above=1"], .noEvent),
    (["device=0", "above=1", "below=0"], .noEvent), (["device=0", "above=1", "pressed"], .noEvent),
    (["device=0", "above=32768"], .query), (["device=0", "above=-32769"], .query),
    (["device=0", "above="], .query), (["device=0", "above=-"], .query), (["device=0", "above=-0"], .query),
    (["device=0", "above=1x"], .query), (["device=0", "device=1", "pressed"], .query),
    (["device=256", "pressed"], .query), (["device=-1", "pressed"], .query), (["every=5"], .query),
    (["device=10", "pressed"], .noDevice), (["device=255", "pressed"], .noDevice),
  ])
  func `an event that there is not is refused`(queries: [String], rule: RequestRule) throws {
    var device = try device()
    let refusal = try device.refusal(.post, "slots/1/event", queries: queries)
    #expect(refusal?.stage == .request && refusal?.rule == Int(rule.rawValue))
    let instance = try device.instance(1)
    #expect(instance.state == "idle")
    let empty = try device.refusal(.post, "slots/2/event", queries: ["device=0", "pressed"])
    #expect(empty?.rule == Int(RequestRule.emptySlot.rawValue))
  }

  // MARK: Simulating

  @Test func `a simulated sensor measures what it is told until it is released`() throws {
    var device = try Device()
    func first(_ number: Int) throws -> Int {
      try PeripheralDescription.Reading(try device.value(.get, "peripherals/\(number)")).values[0]
    }
    #expect(try first(1) == 220)
    try simulate(-55, of: 1, &device)
    #expect(try first(1) == -55)
    #expect(try first(3) == 220)
    let released = try device.request(.delete, "peripherals/1").code
    #expect(released == .deleted)
    #expect(try first(1) == 220)
  }

  @Test func `an actuator is set`() throws {
    var device = try Device()
    let set = try PeripheralDescription.Reading(
      try device.value(.put, "peripherals/8", payload: Array("1".utf8)))
    #expect(set.values == [1])
    let leds = device.server.runtime.services.board.peripherals.leds
    #expect(leds == 2)
  }

  @Test func `what cannot be set is refused`() throws {
    var device = try Device()
    for (path, payload, code, rule) in [
      ("peripherals/10", "1", Code.notFound, RequestRule.noDevice),
      ("peripherals/9999", "1", .notFound, .noDevice),
      ("peripherals/1", "32768", .badRequest, .number), ("peripherals/1", "", .badRequest, .number),
      ("peripherals/1", "x", .badRequest, .number), ("peripherals/1", "1.5", .badRequest, .number),
      ("pins/0/0", "2", .badRequest, .number), ("pins/0/16", "1", .notFound, .noPin),
      ("pins/8/0", "1", .notFound, .noPin), ("pins/0/4294967295", "1", .notFound, .noPin),
    ] {
      let refusal = try device.refusal(.put, path, payload: Array(payload.utf8))
      #expect(refusal?.code == code && refusal?.rule == Int(rule.rawValue), "\(path) \(payload)")
    }
    let released = try device.refusal(.delete, "peripherals/8")
    #expect(released?.rule == Int(RequestRule.notSettable.rawValue))
  }

  @Test func `a pin is read and set`() throws {
    var device = try Device()
    device.server.runtime.services.board.peripherals.inputs[2] = 1 << 5
    let high = try device.value(.get, "pins/2/5")
    #expect(high[.text("value")]?.integer == 1)
    let set = try device.value(.put, "pins/2/6", payload: Array("1".utf8))
    #expect(set[.text("value")]?.integer == 1)
    let outputs = device.server.runtime.services.board.peripherals.outputs[2]
    #expect(outputs == 1 << 6)
  }
}
