import Bytes
import COSE
import CoAP
import DeviceProtocol
import Interpreter
import JIT
import Platform
import Runtime
import SUIT
import SlotStorage

/// A slot and what it holds.
struct SlotState: Representation {
  let slot: SlotNumber
  let record: SlotRecord
  let code: CodeRecord?

  init<B: Board & ~Copyable>(of slot: SlotNumber, in runtime: inout Runtime<B>) {
    self.slot = slot
    record = runtime.record(of: slot)
    code = runtime.code(of: slot)
  }

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.beginMap(code == nil ? 7 : 7 + CodeState.moreFields)
    try writer.field(Field.slot, Int64(slot.index))
    try writer.field(Field.size, Int64(record.size))
    try writer.field(Field.sequence, Int64(record.sequenceNumber))
    try writer.field(Field.runs, Int64(record.runs))
    try writer.field(Field.boot, text: (record.settings.startsAtBoot ? Self.start : Self.no).bytes)
    try writer.field(Field.digest, bytes: record.digest.bytes.span)
    try writer.field(Field.codeBytes, Int64(code?.size ?? 0))
    if let code { try CodeState.writeMore(of: code, into: &writer) }
  }

  private static let start: StaticString = "start"
  private static let no: StaticString = "no"
}

/// All slots.
struct SlotList: Representation {
  private var states: PerSlot<SlotState?>

  init<B: Board & ~Copyable>(of runtime: inout Runtime<B>) {
    states = InlineArray(repeating: nil)
    for index in states.indices {
      guard let slot = SlotNumber(index) else { continue }
      states[index] = SlotState(of: slot, in: &runtime)
    }
  }

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.beginList(states.count)
    for index in states.indices { try states[index]?.write(into: &writer) }
  }
}

/// The code of a slot's program.
struct CodeState: Representation {
  let slot: SlotNumber
  let record: CodeRecord

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.beginMap(2 + Self.moreFields)
    try writer.field(Field.slot, Int64(slot.index))
    try writer.field(Field.codeBytes, Int64(record.size))
    try Self.writeMore(of: record, into: &writer)
  }

  static var moreFields: Int { 5 }
  private static let checked: StaticString = "checked"
  private static let hardware: StaticString = "hardware"

  /// What is told about code beside its size.
  static func writeMore(of record: CodeRecord, into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.field(Field.codeRegionBytes, Int64(record.regionSize))
    switch record.isolation {
    case .checked: try writer.field(Field.isolation, text: Self.checked.bytes)
    case .hardware: try writer.field(Field.isolation, text: Self.hardware.bytes)
    }
    try writer.field(Field.accesses, Int64(record.accesses))
    try writer.field(Field.checkedAccesses, Int64(record.checkedAccesses))
    try writer.field(Field.compileMicroseconds, Int64(clamping: record.microseconds))
  }
}

/// How a program ended that returned.
struct ExecutionResult: Representation {
  /// r0.
  let result: UInt64
  /// `nil` when they were not counted.
  let instructions: Int?
  let microseconds: UInt64

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.beginMap(instructions == nil ? 2 : 3)
    try writer.field(Field.result, Int64(bitPattern: result))
    if let instructions { try writer.field(Field.instructions, Int64(instructions)) }
    try writer.field(Field.microseconds, Int64(clamping: microseconds))
  }
}

/// What runs, or ran, in a slot.
struct InstanceState: Representation {
  let slot: SlotNumber
  let instance: Instance

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    let ending = EndingFields(instance.ending)
    try writer.beginMap(
      8 + (instance.usage.instructions == nil ? 0 : 1) + triggerFields + ending.count)
    try writer.field(Field.slot, Int64(slot.index))
    try writer.field(Field.state, text: instance.state.name.bytes)
    try writer.field(Field.model, text: instance.model.name.bytes)
    try writer.field(Field.engine, text: instance.engine.name.bytes)
    try writer.field(Field.started, Int64(clamping: instance.started.milliseconds))
    try writer.field(Field.starts, Int64(instance.starts))
    try writer.field(Field.restarts, Int64(instance.restarts))
    try writer.field(Field.milliseconds, Int64(instance.usage.milliseconds))
    if let instructions = instance.usage.instructions {
      try writer.field(Field.instructions, Int64(instructions))
    }
    switch instance.trigger {
    case .every(let milliseconds): try writer.field(Field.every, Int64(milliseconds))
    case .event(let event):
      try writer.field(Field.device, Int64(event.device))
      try writer.field(
        event.comparison == .above ? Field.above : Field.below, Int64(event.threshold))
      try writer.field(Field.events, Int64(instance.events))
    case nil: break
    }
    try ending.write(into: &writer)
  }

  private var triggerFields: Int {
    switch instance.trigger {
    case .every: 1
    case .event: 3
    case nil: 0
    }
  }
}

/// What runs in all slots.
struct InstanceList: Representation {
  private var instances: PerSlot<Instance?>

  init<B: Board & ~Copyable>(of runtime: inout Runtime<B>, withPresentUsage: Bool) {
    instances = InlineArray(repeating: nil)
    for index in instances.indices {
      guard let slot = SlotNumber(index) else { continue }
      instances[index] = runtime.instance(of: slot, withPresentUsage: withPresentUsage)
    }
  }

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.beginList(instances.count)
    for index in instances.indices {
      guard let slot = SlotNumber(index), let instance = instances[index] else { continue }
      try InstanceState(slot: slot, instance: instance).write(into: &writer)
    }
  }
}

/// How a run ended.
private struct EndingFields {
  private var name: StaticString?
  private var result: Int64?
  private var rule: Int64?
  private var index: Int64?
  private var address: Int64?

  init(_ ending: Ending?) {
    switch ending {
    case .returned(let value):
      name = "returned"
      result = Int64(bitPattern: value)
    case .trapped(let trap):
      name = "trapped"
      rule = Int64(trap.rule.rawValue)
      index = Int64(trap.index)
      address = Int64(bitPattern: trap.address)
    case .faulted(let fault, let index):
      name = "faulted"
      rule = Int64(ExecutionRule.fault + fault.kind.rawValue)
      self.index = index.map { Int64($0) }
      address = fault.address.map { Int64($0) }
    case .killed(let index):
      name = "killed"
      self.index = Int64(index)
    case nil: break
    }
  }

  var count: Int {
    (name == nil ? 0 : 1) + (result == nil ? 0 : 1) + (rule == nil ? 0 : 1) + (index == nil ? 0 : 1)
      + (address == nil ? 0 : 1)
  }

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    if let name { try writer.field(Field.ending, text: name.bytes) }
    if let result { try writer.field(Field.result, result) }
    if let rule { try writer.field(Field.rule, rule) }
    if let index { try writer.field(Field.index, index) }
    if let address { try writer.field(Field.address, address) }
  }
}

extension Instance.State {
  var name: StaticString {
    switch self {
    case .idle: "idle"
    case .running: "running"
    case .sleeping: "sleeping"
    case .paused: "paused"
    case .ended: "ended"
    case .waiting: "waiting"
    }
  }
}

extension ExecutionModel {
  var name: StaticString {
    switch self {
    case .short: "short"
    case .request: "request"
    case .longRunning: "long-running"
    case .triggered: "triggered"
    }
  }
}

extension Engine {
  var name: StaticString {
    switch self {
    case .interpreter: "interpreter"
    case .jit: "jit"
    }
  }
}

/// What a deployment installed, and what it took.
struct Installation: Representation {
  let slot: SlotNumber
  let record: SlotRecord
  let milliseconds: UInt64
  /// Datagrams the device sent and received for it.
  let packets: Int

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.beginMap(5)
    try writer.field(Field.slot, Int64(slot.index))
    try writer.field(Field.size, Int64(record.size))
    try writer.field(Field.sequence, Int64(record.sequenceNumber))
    try writer.field(Field.milliseconds, Int64(clamping: milliseconds))
    try writer.field(Field.packets, Int64(packets))
  }
}

/// What has come since the device started, modulo 2^32, but for requests that ask for this.
struct TrafficCounters {
  /// Datagrams to the CoAP port.
  var datagrams: UInt32 = 0
  /// Of those, what is no CoAP message.
  var malformed: UInt32 = 0
  /// Requests that came for the first time.
  var requests: UInt32 = 0
  /// Requests that were answered with problem details.
  var refused: UInt32 = 0
}

/// What of a device's description changes all the time.
struct DeviceReadings {
  var uptime: UInt64 = 0
  /// Bytes of heap taken so far; `nil` when the board does not know.
  var heapBytes: Int?
  var traffic = TrafficCounters()
}

/// Who the device is and what it has room for.
struct DeviceDescription: Representation {
  let board: StaticString
  let provisioning: Provisioning
  /// Bytes that each slot has for its compiled program; 0 when the device does not run such.
  let codeRegionBytes: Int
  let readings: DeviceReadings
  /// Whoever asks, as the device sees them: where it would reach a server that runs there.
  let asker: Peer

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    var address = InlineArray<64, UInt8>(repeating: 0)
    var addressWriter = ByteWriter(address.mutableSpan)
    try asker.writeHost(into: &addressWriter)
    try writer.beginMap(readings.heapBytes == nil ? 15 : 16)
    try writer.field(Field.board, text: board.bytes)
    try writer.field(Field.version, text: Self.version.bytes)
    try writer.field(Field.vendor, bytes: provisioning.vendorID.bytes.span)
    try writer.field(Field.classID, bytes: provisioning.classID.bytes.span)
    try writer.field(Field.serial, Int64(bitPattern: provisioning.serialNumber))
    try writer.field(Field.uptime, Int64(clamping: readings.uptime))
    try writer.field(Field.slots, Int64(Limits.slots))
    try writer.field(Field.imageBytes, Int64(Limits.imageBytes))
    try writer.field(Field.arenaBytes, Int64(Limits.arenaBytes))
    try writer.field(Field.codeRegionBytes, Int64(codeRegionBytes))
    if let heapBytes = readings.heapBytes { try writer.field(Field.heapBytes, Int64(heapBytes)) }
    let traffic = readings.traffic
    try writer.field(Field.datagrams, Int64(traffic.datagrams))
    try writer.field(Field.malformed, Int64(traffic.malformed))
    try writer.field(Field.requests, Int64(traffic.requests))
    try writer.field(Field.refused, Int64(traffic.refused))
    try writer.field(Field.you, text: addressWriter.written)
  }

  private static let version: StaticString = "0.1.0"
}
