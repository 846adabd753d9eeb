import Bytes
import CoAP
import DeviceProtocol
import Helpers
import Platform
import Runtime

/// Stores, peripherals and the board as a whole.
extension DeviceServer where B: ~Copyable {
  // MARK: Stores

  /// The slot whose store a path names; `nil` for the store that all programs share.
  private func storeSlot(of route: Route) throws(Problem) -> SlotNumber? {
    switch route.resource {
    case .programStore, .programStoreEntry: try SlotNumber(in: route)
    default: nil
    }
  }

  /// What is in a store.
  mutating func entries(of route: Route) throws(Problem) -> EntryList {
    guard let slot = try storeSlot(of: route) else { return EntryList(shared: runtime.services.globalStore) }
    return EntryList(own: runtime.services.localStore(of: slot))
  }

  mutating func handleEntry(
    _ message: borrowing Message, _ route: Route, _ request: RequestID, _ format: Format,
    sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) {
    let slot = try storeSlot(of: route)
    guard let key = route.key else { throw Problem(request: .notFound) }
    switch message.code {
    case .put:
      let number = try number(in: message)
      guard let value = UInt32(exactly: number) else { throw Problem(number: number) }
      do throws(RemoteError) { try runtime.store(value, under: key, in: slot) } catch {
        throw Problem(error, in: slot)
      }
    case .delete:
      do throws(RemoteError) { try runtime.removeValue(of: key, in: slot) } catch {
        throw Problem(error, in: slot)
      }
      return endpoint.respond(to: request, Response(.deleted), body: Span(), at: now, sink: &sink)
    default: break
    }
    guard let entry = try entries(of: route).entry(of: key) else { throw Problem(.noKey(key), in: slot) }
    try respond(to: request, message.code == .put ? .changed : .content, format, entry, sink: &sink)
  }

  private func number(in message: borrowing Message) throws(Problem) -> Int64 {
    do throws(NumberBody.Failure) { return try NumberBody.read(message) } catch { throw Problem(error) }
  }

  // MARK: Peripherals

  private func level(in message: borrowing Message) throws(Problem) -> Int16 {
    let value = try number(in: message)
    guard let level = Int16(exactly: value) else { throw Problem(number: value) }
    return level
  }

  mutating func handlePeripheral(
    _ message: borrowing Message, _ route: Route, _ request: RequestID, _ format: Format,
    sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) {
    let device = route.parameter ?? 0
    if message.code != .get {
      let level = message.code == .put ? try level(in: message) : nil
      do throws(RemoteError) { try runtime.set(level, device: device) } catch {
        throw Problem(error, ofDevice: device, count: runtime.services.board.peripherals.deviceCount)
      }
    }
    guard message.code != .delete else {
      return endpoint.respond(to: request, Response(.deleted), body: Span(), at: now, sink: &sink)
    }
    let now = now.milliseconds
    let reading: DeviceReading
    do throws(PeripheralError) {
      reading = try DeviceReading(of: device, in: &runtime.services.board.peripherals, at: now)
    } catch {
      throw Problem(
        .peripheral(error), ofDevice: device, count: runtime.services.board.peripherals.deviceCount)
    }
    try respond(to: request, message.code == .put ? .changed : .content, format, reading, sink: &sink)
  }

  mutating func handlePin(
    _ message: borrowing Message, _ route: Route, _ request: RequestID, _ format: Format,
    sink: inout some DatagramSink & ~Copyable
  ) throws(Problem) {
    let port = UInt32(clamping: route.parameter ?? 0)
    let pin = route.key ?? 0
    if message.code == .put {
      let level = try number(in: message)
      guard level == 0 || level == 1 else { throw Problem(number: level) }
      do throws(RemoteError) { try runtime.setPin(pin, port: port, high: level == 1) } catch {
        throw Problem(error, ofPin: pin)
      }
    }
    let time = now.milliseconds
    guard let isHigh = runtime.services.board.peripherals.readPin(pin, port: port, asInput: false, at: time)
    else { throw Problem(.peripheral(.noDevice), ofPin: pin) }
    try respond(
      to: request, message.code == .put ? .changed : .content, format,
      PinState(port: port, pin: pin, isHigh: isHigh), sink: &sink)
  }

  // MARK: Restart

  mutating func restartIfDue() {
    guard let time = restartTime, time <= now else { return }
    restartTime = nil
    for index in 0..<Limits.slots {
      if let slot = SlotNumber(index) { runtime.kill(slot) }
    }
    runtime.services.board.restart()
  }
}

/// An entry of a store.
struct StoreEntry: Representation {
  var key: UInt32 = 0
  var value: UInt32 = 0
  /// The slot whose program brought the key in; `nil` when somebody outside did.
  var owner: UInt8?

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.beginMap(owner == nil ? 2 : 3)
    try writer.field(Field.key, Int64(key))
    try writer.field(Field.value, Int64(value))
    if let owner { try writer.field(Field.owner, Int64(owner)) }
  }
}

/// All entries of a store.
struct EntryList: Representation {
  private var entries = InlineArray<32, StoreEntry>(repeating: StoreEntry())
  private var count = 0

  init(shared store: SharedStore<32>) {
    for index in 0..<store.count {
      let entry = store.entry(at: index)
      append(
        StoreEntry(key: entry.key, value: entry.value, owner: entry.owner < Limits.slots ? entry.owner : nil))
    }
  }

  init(own store: KeyValueStore<16>) {
    for index in 0..<store.count {
      let entry = store.entry(at: index)
      append(StoreEntry(key: entry.key, value: entry.value))
    }
  }

  private mutating func append(_ entry: StoreEntry) {
    entries[count] = entry
    count += 1
  }

  func entry(of key: UInt32) -> StoreEntry? {
    for index in 0..<count where entries[index].key == key { return entries[index] }
    return nil
  }

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.beginList(count)
    for index in 0..<count { try entries[index].write(into: &writer) }
  }
}

/// A pin, and whether it is high.
struct PinState: Representation {
  let port: UInt32
  let pin: UInt32
  let isHigh: Bool

  func write(into writer: inout FieldWriter) throws(OutOfBounds) {
    try writer.beginMap(3)
    try writer.field(Field.port, Int64(port))
    try writer.field(Field.pin, Int64(pin))
    try writer.field(Field.value, isHigh ? 1 : 0)
  }
}
