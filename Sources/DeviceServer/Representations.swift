import Bytes
import COSE
import CoAP
import DeviceProtocol
import Interpreter
import Platform
import Runtime
import SUIT

/// A slot and what it holds.
struct SlotState: Representation {
  let slot: SlotNumber
  let record: SlotRecord

  func write<Writer: FieldWriter & ~Copyable & ~Escapable>(into writer: inout Writer) throws(OutOfBounds) {
    try writer.beginMap(5)
    try writer.field(Field.slot, Int64(slot.index))
    try writer.field(Field.size, Int64(record.size))
    try writer.field(Field.sequence, Int64(record.sequenceNumber))
    try writer.field(Field.runs, Int64(record.runs))
    try writer.field(Field.digest, bytes: record.digest.bytes.span)
  }
}

/// All slots.
struct SlotList: Representation {
  let records: InlineArray<5, SlotRecord>

  func write<Writer: FieldWriter & ~Copyable & ~Escapable>(into writer: inout Writer) throws(OutOfBounds) {
    try writer.beginList(Limits.slots)
    for index in 0..<Limits.slots {
      guard let slot = SlotNumber(index) else { continue }
      try SlotState(slot: slot, record: records[index]).write(into: &writer)
    }
  }
}

/// How a program ended that returned.
struct ExecutionResult: Representation {
  /// r0.
  let result: UInt64
  let instructions: Int

  func write<Writer: FieldWriter & ~Copyable & ~Escapable>(into writer: inout Writer) throws(OutOfBounds) {
    try writer.beginMap(2)
    try writer.field(Field.result, Int64(bitPattern: result))
    try writer.field(Field.instructions, Int64(instructions))
  }
}

/// What a deployment installed, and what it took.
struct Installation: Representation {
  let slot: SlotNumber
  let record: SlotRecord
  let milliseconds: UInt64
  /// Datagrams the device sent and received for it.
  let packets: Int

  func write<Writer: FieldWriter & ~Copyable & ~Escapable>(into writer: inout Writer) throws(OutOfBounds) {
    try writer.beginMap(5)
    try writer.field(Field.slot, Int64(slot.index))
    try writer.field(Field.size, Int64(record.size))
    try writer.field(Field.sequence, Int64(record.sequenceNumber))
    try writer.field(Field.milliseconds, Int64(clamping: milliseconds))
    try writer.field(Field.packets, Int64(packets))
  }
}

/// Who the device is and what it has room for.
struct DeviceDescription: Representation {
  let board: StaticString
  let provisioning: Provisioning
  let uptime: UInt64
  /// Whoever asks, as the device sees them: where it would reach a server that runs there.
  let asker: Peer

  func write<Writer: FieldWriter & ~Copyable & ~Escapable>(into writer: inout Writer) throws(OutOfBounds) {
    var address = InlineArray<64, UInt8>(repeating: 0)
    var addressWriter = ByteWriter(address.mutableSpan)
    try asker.writeHost(into: &addressWriter)
    try writer.beginMap(10)
    try writer.field(Field.board, text: board.bytes)
    try writer.field(Field.version, text: Self.version.bytes)
    try writer.field(Field.vendor, bytes: provisioning.vendorID.bytes.span)
    try writer.field(Field.classID, bytes: provisioning.classID.bytes.span)
    try writer.field(Field.serial, Int64(bitPattern: provisioning.serialNumber))
    try writer.field(Field.uptime, Int64(clamping: uptime))
    try writer.field(Field.slots, Int64(Limits.slots))
    try writer.field(Field.imageBytes, Int64(Limits.imageBytes))
    try writer.field(Field.arenaBytes, Int64(Limits.arenaBytes))
    try writer.field(Field.you, text: addressWriter.written)
  }

  private static let version: StaticString = "0.1.0"
}
