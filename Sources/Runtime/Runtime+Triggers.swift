import Bytes
import CoAP
import Compartment
import JIT
import Platform
import SlotStorage

/// Programs that run without a request: at boot, by a timer, by an event of the board.
extension Runtime where B: ~Copyable {
  // MARK: Boot

  /// Starts the programs that run at boot, once it is time.
  ///
  /// What one of them does is as harmless as at any other time; should it lead to a restart all the same, the device can be told
  /// in the time before to leave it alone.
  mutating func startAtBoot() {
    guard let time = bootTime, time <= services.board.now else { return }
    bootTime = nil
    for index in 0..<Limits.slots {
      // Who has started it meanwhile has other plans.
      guard let slot = SlotNumber(index), slots[slot].settings.startsAtBoot, instances[index].state == .idle
      else { continue }
      if !starts(slot) {
        services.board.writeConsole(Self.failure.bytes)
        services.board.writeConsole([UInt8(ascii: "0") + UInt8(index), UInt8(ascii: "\n")].span)
      }
    }
  }

  private static var failure: StaticString { "microbpf: could not be started at boot: slot " }

  private mutating func starts(_ slot: SlotNumber) -> Bool {
    let settings = slots[slot].settings
    if let isolation = settings.isolation {
      guard (try? compile(slot, isolation: isolation)) != nil else { return false }
    }
    do throws(RunError) {
      try start(slot, settings)
      return true
    } catch {
      return false
    }
  }

  // MARK: Triggers

  /// When a triggered program whose run has ended runs next; `nil` when it waits for an event.
  mutating func next(after slot: SlotNumber, by trigger: Trigger, now: Instant) -> Instant? {
    switch trigger {
    case .every(let milliseconds):
      // The times that the run has taken are left out.
      let period = UInt64(max(milliseconds, 1))
      let start = instances[slot.index].started
      return start + (now.milliseconds(since: start) / period + 1) * period
    case .event:
      defer { instances[slot.index].hasMissedEvent = false }
      return instances[slot.index].hasMissedEvent ? now : nil
    }
  }

  /// Has the slot's program run at each event from now on. How the device stands now is not one.
  mutating func attach(
    _ slot: SlotNumber, to event: BoardEvent, _ settings: StartSettings
  ) throws(RunError) {
    try checkIsFree(slot)
    let count = services.board.peripherals.deviceCount
    guard event.device < count else { throw .noDevice(found: Int(event.device), count: count) }
    // Whoever attaches it hears at once why it could not run.
    let limits = RunLimits(settings)
    _ = try prepare(
      slot, Engine(settings), contextSize: Limits.readingBytes, limits: limits, grants: settings.helpers)
    note(slot, .triggered, limits, settings.helpers, .never)
    instances[slot.index].engine = Engine(settings)
    instances[slot.index].state = .waiting
    instances[slot.index].trigger = .event(event)
    instances[slot.index].events = 0
    instances[slot.index].hasMissedEvent = false
    instances[slot.index].isAtEvent = reading(of: event).map { event.isReached(by: $0.first) } ?? false
    if nextLook == nil { nextLook = services.board.now + Limits.eventMilliseconds }
  }

  /// Looks at the devices whose events run programs, if it is time, and runs those whose event has come.
  mutating func lookForEvents() {
    guard let time = nextLook, time <= services.board.now else { return }
    nextLook = nil
    for index in 0..<Limits.slots {
      guard case .event(let event) = instances[index].trigger, let slot = SlotNumber(index) else { continue }
      nextLook = services.board.now + Limits.eventMilliseconds
      let reading = reading(of: event)
      let wasAtEvent = instances[index].isAtEvent
      instances[index].isAtEvent = reading.map { event.isReached(by: $0.first) } ?? false
      guard let reading, instances[index].isAtEvent, !wasAtEvent else { continue }
      instances[index].events &+= 1
      instances[index].reading = reading
      if instances[index].state == .waiting {
        runAgain(slot)
      } else {
        instances[index].hasMissedEvent = true
      }
    }
  }

  private mutating func reading(of event: BoardEvent) -> PhysicalValue? {
    try? services.board.peripherals.read(device: Int(event.device), at: services.board.now.milliseconds)
  }

  /// Lays what the device measured at an event into the program's context.
  mutating func fillReading(_ reading: PhysicalValue, for slot: SlotNumber) {
    let bits = reading.bits
    let bytes = InlineArray<8, UInt8> { UInt8(truncatingIfNeeded: bits >> (8 * UInt64($0))) }
    arenas[slot.index].fillContext(from: bytes.span)
  }
}
