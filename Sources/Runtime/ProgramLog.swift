import Bytes

/// What a program printed last.
public struct ProgramLog: ~Escapable {
  /// The last bytes, in two parts because they stand in a ring.
  public let older, newer: Span<UInt8>
  /// Bytes printed by this slot's programs since the device started, modulo 2^32: by that it is known how much of an older
  /// state has been overwritten since.
  public let printed: UInt32
  /// Bytes that the program did not get printed, because there were too many in one second.
  public let dropped: UInt32

  @_lifetime(copy memory)
  init(_ memory: Span<UInt8>, _ record: ProgramLogs.Record) {
    let end = Int(record.printed % UInt32(memory.count))
    newer = memory.extracting(max(0, end - record.kept)..<end)
    older = memory.extracting((memory.count - max(0, record.kept - end))...)
    printed = record.printed
    dropped = record.dropped
  }
}

/// A ring of text for each slot.
struct ProgramLogs: ~Copyable {
  struct Record {
    var printed: UInt32 = 0
    var dropped: UInt32 = 0
    /// Bytes in the ring.
    var kept = 0
    /// When the present second began, in milliseconds, and what was printed in it.
    var start: UInt64 = 0
    var spent = 0
  }

  private var memory = Buffer(count: Limits.slots * Limits.logBytes)
  private var records = PerSlot<Record>(repeating: Record())

  @_lifetime(&self)
  mutating func log(of slot: SlotNumber) -> ProgramLog {
    ProgramLog(memory.span.extracting(Self.range(of: slot)), records[slot.index])
  }

  mutating func clear(_ slot: SlotNumber) {
    records[slot.index] = Record(printed: records[slot.index].printed)
  }

  /// Keeps a text, if the program may print so much in this second, `rate` bytes in all.
  ///
  /// - Returns: whether it may. All of a text is printed, or nothing.
  mutating func append(_ text: Span<UInt8>, of slot: SlotNumber, at now: UInt64, rate: Int) -> Bool {
    var record = records[slot.index]
    if now &- record.start >= 1000 {
      record.start = now
      record.spent = 0
    }
    guard record.spent + text.count <= rate else {
      record.dropped &+= UInt32(text.count)
      records[slot.index] = record
      return false
    }
    record.spent += text.count
    var ring = memory.mutableSlice(Self.range(of: slot))
    for index in text.indices {
      ring[Int(record.printed % UInt32(Limits.logBytes))] = text[index]
      record.printed &+= 1
    }
    record.kept = min(record.kept + text.count, Limits.logBytes)
    records[slot.index] = record
    return true
  }

  private static func range(of slot: SlotNumber) -> Range<Int> {
    slot.index * Limits.logBytes..<(slot.index + 1) * Limits.logBytes
  }
}
