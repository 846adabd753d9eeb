import Bytes
import CoAP
public import Compartment
public import Helpers
public import Interpreter
public import Platform

/// What programs reach through helpers: the board, its peripherals, and the key-value stores.
public struct Services<B: Board & ~Copyable>: ~Copyable {
  public var board: B
  /// The store that all programs share.
  public internal(set) var globalStore = SharedStore<32>()
  /// What is kept for each slot's program; the last element is for one that is in no slot.
  var programs = InlineArray<6, ProgramServices>(repeating: ProgramServices())
  private var logs = ProgramLogs()
  /// A program has printed or stored something, and nobody has asked since.
  private var hasNews = false
  /// Whose program is calling.
  var slot: SlotNumber?

  public init(board: consuming B) {
    self.board = board
  }

  /// Prepares for a run of the slot's program, which is then the one that calls.
  ///
  /// - Parameters:
  ///   - slot: whose program; `nil` for one that is in no slot.
  ///   - granted: the helpers it may call in this run.
  ///   - packet: its context, if it answers a CoAP request.
  ///   - logRate: bytes that it may print in one second.
  public mutating func begin(
    _ slot: SlotNumber?, granting granted: HelperSet = .all, packet: PacketWindow? = nil,
    printing logRate: Int = Limits.logBytesPerSecond
  ) {
    self.slot = slot
    programs[current].granted = granted
    programs[current].packet = packet
    programs[current].wakeup = nil
    programs[current].logRate = logRate
  }

  /// Makes the slot's program the one that calls, after another one did.
  public mutating func resume(_ slot: SlotNumber?) {
    self.slot = slot
  }

  /// Until when the calling program wants to sleep, in microseconds since start, and forgets it. To be asked after each
  /// call; `nil` when it goes on at once.
  public mutating func takePendingSleep() -> UInt64? {
    defer { programs[current].wakeup = nil }
    return programs[current].wakeup
  }

  /// The store of one slot's program.
  // What only looks is `mutating`, here and in the extensions: else all of the services are copied.

  public mutating func localStore(of slot: SlotNumber) -> KeyValueStore<16> {
    programs[slot.index].store
  }

  /// What the slot's program printed.
  @_lifetime(&self)
  public mutating func log(of slot: SlotNumber) -> ProgramLog {
    logs.log(of: slot)
  }

  /// Whether a program has printed or stored something since this was asked last.
  public mutating func takeNews() -> Bool {
    defer { hasNews = false }
    return hasNews
  }

  /// Forgets what the slot's program stored for itself and printed, because another one takes its place.
  mutating func clearLocalStore(of slot: SlotNumber) {
    programs[slot.index] = ProgramServices()
    logs.clear(slot)
  }

  /// Forgets the keys that the slot's program brought into the store that all share.
  mutating func releaseGlobals(of slot: SlotNumber) {
    globalStore.removeAll(ownedBy: UInt8(slot.index))
  }

  /// The index of the calling program in `programs`, and as an owner of keys.
  var current: Int { slot?.index ?? Limits.slots }

  /// Prints for the calling program, as much as it may.
  mutating func print(_ text: Span<UInt8>) {
    hasNews = true
    let rate = programs[current].logRate
    if let slot, !logs.append(text, of: slot, at: board.now.milliseconds, rate: rate) { return }
    board.writeConsole(text)
  }
}

/// What is kept for one program between its calls.
struct ProgramServices {
  var store = KeyValueStore<16>()
  var granted = HelperSet.all
  var packet: PacketWindow?
  var wakeup: UInt64?
  /// Bytes that it may print in one second.
  var logRate = Limits.logBytesPerSecond
}

extension Services: HelperHost where B: ~Copyable {
  public mutating func call(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    guard programs[current].granted.contains(helper) else {
      throw HelperFault(.notGranted, address: UInt64(helper.rawValue))
    }
    switch helper {
    case .printf: return try printFormat(arguments, memory)
    case .printDebug: return printDebug(arguments.r1)
    case .memcpy: return try copy(arguments, &memory)
    case .strlen: return try length(arguments, memory)
    case .storeGlobal: return storeGlobal(arguments)
    case .storeLocal: return storeLocal(arguments)
    case .fetchGlobal: return try fetch(globalStore.value(of: arguments.key), arguments, &memory)
    case .fetchLocal: return try fetch(programs[current].store.value(of: arguments.key), arguments, &memory)
    case .nowMilliseconds: return board.now.milliseconds & 0xffff_ffff
    case .nowMicroseconds: return board.microseconds & 0xffff_ffff
    case .periodicWakeup: return try sleepPeriodically(arguments, &memory)
    case .formatS16: return try formatS16(arguments, &memory)
    case .formatU32:
      return try write(DecimalText(UInt32(truncatingIfNeeded: arguments.r2)), arguments, &memory)
    case .saulFindNth, .saulFindType, .saulRead, .saulWrite, .saulReadTemperature:
      return try callDevice(helper, arguments, &memory)
    case .gpioReadInput, .gpioReadRaw, .gpioWrite: return callPin(helper, arguments)
    case .displayInit, .displayClear, .displayPrint, .displaySetCursor:
      return try callDisplay(helper, arguments, memory)
    case .keypadRead:
      let line = UInt32(truncatingIfNeeded: arguments.r1)
      return UInt64(board.peripherals.key(line: line, at: board.now.milliseconds).rawValue)
    case .coapInitResponse, .coapFinishOptions, .coapAddFormat, .coapGetPDU:
      return try callPacket(helper, arguments, &memory)
    }
  }

  // MARK: Console

  private mutating func printFormat(
    _ arguments: HelperArguments, _ memory: borrowing CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    var formatter = PrintfFormatter(values: [arguments.r2, arguments.r3, arguments.r4, arguments.r5])
    var printed = InlineArray<256, UInt8>(repeating: 0)
    var writer = ByteWriter(printed.mutableSpan)
    do throws(AccessFault) {
      let format = try memory.cString(at: arguments.r1, limit: .max)
      try formatter.format(format, memory: memory, into: &writer)
    } catch {
      throw HelperFault(.access, argument: formatter.argument, address: error.address)
    }
    print(writer.written)
    return 0
  }

  private mutating func printDebug(_ value: UInt64) -> UInt64 {
    var line = InlineArray<30, UInt8>(repeating: 0)
    var writer = ByteWriter(line.mutableSpan)
    // Ten bytes of text and at most twenty digits.
    _ = try? writer.write("[DEBUG]: ")
    _ = try? writer.writeDecimal(value)
    _ = try? writer.write(UInt8(ascii: "\n"))
    print(writer.written)
    return 0
  }

  // MARK: Memory

  private mutating func copy(
    _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    do throws(AccessFault) {
      try memory.copy(from: arguments.r2, to: arguments.r1, count: arguments.r3)
    } catch {
      throw HelperFault(error, argument: error.isWrite ? 1 : 2)
    }
    return arguments.r1
  }

  private mutating func length(
    _ arguments: HelperArguments, _ memory: borrowing CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    do throws(AccessFault) {
      return UInt64(try memory.cString(at: arguments.r1, limit: Int.max).count)
    } catch {
      throw HelperFault(error, argument: 1)
    }
  }

  private mutating func formatS16(
    _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    let exponent = Int(Int32(truncatingIfNeeded: arguments.r3))
    guard exponent.magnitude <= UInt(Helper.decimalPlaces) else { throw HelperFault(.argument, argument: 3) }
    return try write(
      DecimalText(Int16(truncatingIfNeeded: arguments.r2), exponent: exponent), arguments, &memory)
  }

  /// Writes the text to where r1 points, unless that is 0, and returns its length.
  private mutating func write(
    _ text: DecimalText, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    let count = UInt64(text.count)
    guard arguments.r1 != 0 else { return count }
    do throws(AccessFault) {
      var target = try memory.mutableBytes(at: arguments.r1, count: count)
      for index in 0..<text.count { target[index] = text.bytes[index] }
    } catch {
      throw HelperFault(error, argument: 1)
    }
    return count
  }

  // MARK: Stores

  private mutating func storeGlobal(_ arguments: HelperArguments) -> UInt64 {
    hasNews = true
    do throws(StoreFull) {
      try globalStore.store(
        UInt32(truncatingIfNeeded: arguments.r2), under: arguments.key, owner: UInt8(current),
        quota: Limits.globalStoreQuota)
      return 0
    } catch {
      return UInt64(result: -1)
    }
  }

  private mutating func storeLocal(_ arguments: HelperArguments) -> UInt64 {
    hasNews = true
    do throws(StoreFull) {
      try programs[current].store.store(UInt32(truncatingIfNeeded: arguments.r2), under: arguments.key)
      return 0
    } catch {
      return UInt64(result: -1)
    }
  }

  /// Writes the value, or 0 if there is none, to where r2 points.
  private mutating func fetch(
    _ value: UInt32?, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    do throws(AccessFault) {
      try memory.store(value ?? 0, at: arguments.r2)
    } catch {
      throw HelperFault(error, argument: 2)
    }
    return 0
  }

  // MARK: Timers

  private mutating func sleepPeriodically(
    _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    let period = UInt32(truncatingIfNeeded: arguments.r2)
    let now = board.microseconds
    do throws(AccessFault) {
      let target = try memory.load(at: arguments.r1, as: UInt32.self) &+ period
      let rest = target &- UInt32(truncatingIfNeeded: now)
      // More than a period away is behind.
      let isLate = rest > period
      try memory.store(isLate ? UInt32(truncatingIfNeeded: now) : target, at: arguments.r1)
      programs[current].wakeup = isLate ? nil : now + UInt64(rest)
    } catch {
      throw HelperFault(error, argument: 1)
    }
    return 0
  }
}

extension HelperArguments {
  fileprivate var key: UInt32 { UInt32(truncatingIfNeeded: r1) }
}

extension UInt64 {
  /// C's `int` as a result: its sign extended.
  init(result: Int) {
    self.init(bitPattern: Int64(result))
  }
}
