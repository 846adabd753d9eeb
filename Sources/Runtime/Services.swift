import Bytes
import CoAP
public import Compartment
public import Helpers
public import Interpreter
public import Platform

/// What programs reach through helpers: the board, and the key-value stores.
public struct Services<B: Board & ~Copyable>: ~Copyable {
  public var board: B
  /// The store that all programs share.
  public private(set) var globalStore = KeyValueStore<16>()
  private var localStores = InlineArray<5, KeyValueStore<16>>(repeating: KeyValueStore())
  /// Whose program is running.
  var slot: SlotNumber?

  public init(board: consuming B) {
    self.board = board
  }

  /// The store of one slot's program.
  public func localStore(of slot: SlotNumber) -> KeyValueStore<16> {
    localStores[slot.index]
  }

  /// Forgets what the slot's program stored, because another one takes its place.
  mutating func clearLocalStore(of slot: SlotNumber) {
    localStores[slot.index].removeAll()
  }
}

extension Services: HelperHost where B: ~Copyable {
  public mutating func call(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    switch helper {
    case .printf: try print(arguments, memory)
    case .memcpy: try copy(arguments, &memory)
    case .strlen: try length(arguments, memory)
    case .nowMilliseconds: board.now.milliseconds & 0xffff_ffff
    case .storeGlobal: store(arguments, isGlobal: true)
    case .storeLocal: store(arguments, isGlobal: false)
    case .fetchGlobal: try fetch(arguments, &memory, from: globalStore)
    case .fetchLocal:
      try fetch(arguments, &memory, from: slot.map { localStores[$0.index] } ?? KeyValueStore())
    default: throw HelperFault(.unavailable)
    }
  }

  private mutating func print(
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
    board.writeConsole(writer.written)
    return 0
  }

  private func copy(
    _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    do throws(AccessFault) {
      try memory.copy(from: arguments.r2, to: arguments.r1, count: arguments.r3)
    } catch {
      throw HelperFault(error, argument: error.isWrite ? 1 : 2)
    }
    return arguments.r1
  }

  private func length(
    _ arguments: HelperArguments, _ memory: borrowing CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    do throws(AccessFault) {
      return UInt64(try memory.cString(at: arguments.r1, limit: Int.max).count)
    } catch {
      throw HelperFault(error, argument: 1)
    }
  }

  /// 0, or -1 when the store is full: C's `int`, sign-extended.
  private mutating func store(_ arguments: HelperArguments, isGlobal: Bool) -> UInt64 {
    let key = UInt32(truncatingIfNeeded: arguments.r1)
    let value = UInt32(truncatingIfNeeded: arguments.r2)
    do throws(StoreFull) {
      if isGlobal {
        try globalStore.store(value, under: key)
      } else if let slot {
        try localStores[slot.index].store(value, under: key)
      }
      return 0
    } catch {
      return UInt64(bitPattern: -1)
    }
  }

  /// Writes the value, or 0 if there is none, to where r2 points.
  private func fetch<let capacity: Int>(
    _ arguments: HelperArguments, _ memory: inout CompartmentMemory, from store: KeyValueStore<capacity>
  ) throws(HelperFault) -> UInt64 {
    let value = store.value(of: UInt32(truncatingIfNeeded: arguments.r1)) ?? 0
    do throws(AccessFault) {
      try memory.store(value, at: arguments.r2)
    } catch {
      throw HelperFault(error, argument: 2)
    }
    return 0
  }
}
