import CoAP
import DeviceProtocol
import Runtime
import TestSupport
import Testing

@testable import DeviceClient
@testable import DeviceServer

/// What programs keep, and what others may see and change of it.
@Suite struct Stores {
  /// Stores 100 + r2 under key 7: for all, or for itself.
  private func storing(_ helper: Int32, value: Int32, key: Int32 = 7) -> [UInt8] {
    Assembly.move(1, key) + Assembly.move(2, value) + Assembly.call(helper) + Assembly.exit
  }

  private func entries(_ path: String, of device: inout Device) throws -> [StoreEntryDescription] {
    guard case .array(let items) = try device.value(.get, path) else { return [] }
    return try items.map { try StoreEntryDescription($0) }
  }

  private func put(_ value: String, _ path: String, _ device: inout Device) throws -> Parsed {
    try device.request(.put, path, payload: Array(value.utf8))
  }

  @Test func `what a program keeps is seen, and whose it is`() throws {
    var device = try Device()
    _ = try device.install(storing(0x11, value: 100))
    _ = try device.install(storing(0x10, value: 200, key: 9), slot: 2)
    let none = try entries("store", of: &device)
    #expect(none.isEmpty)
    _ = try device.result(of: 1)
    _ = try device.result(of: 2)
    let shared = try entries("store", of: &device)
    #expect(shared.map(\.key) == [7] && shared[0].value == 100 && shared[0].owner == 1)
    let own = try entries("slots/2/store", of: &device)
    #expect(own.map(\.key) == [9] && own[0].value == 200 && own[0].owner == nil)
    let other = try entries("slots/1/store", of: &device)
    #expect(other.isEmpty)
    let single = try StoreEntryDescription(try device.value(.get, "slots/2/store/9"))
    #expect(single.value == 200)
    let text = try device.request(.get, "store/7", accept: 0).payload
    #expect(String(decoding: text, as: UTF8.self) == "key: 7\nvalue: 100\nowner: 1\n")
  }

  @Test func `what is put in a program finds, and the other way round`() throws {
    var device = try Device()
    // Fetches key 5 of all to its frame, and returns it.
    let fetching =
      Assembly.instruction(0x7a, destination: 10, offset: -8) + Assembly.move(1, 5)
      + Assembly.copy(2, from: 10) + Assembly.add(2, -8) + Assembly.call(0x13)
      + Assembly.loadWord(0, from: 10, -8) + Assembly.exit
    _ = try device.install(fetching)
    let stored = try put("4000000000", "store/5", &device)
    #expect(stored.code == .changed)
    let result = try device.result(of: 1)
    #expect(result == 4_000_000_000)
    let entry = try entries("store", of: &device)
    #expect(entry.map(\.owner) == [nil])
    let deleted = try device.request(.delete, "store/5").code
    #expect(deleted == .deleted)
    let gone = try device.result(of: 1)
    #expect(gone == 0)
  }

  @Test func `a number may come as text, JSON or CBOR`() throws {
    var device = try Device()
    for (format, payload, value) in [
      (UInt8(0), Array("17".utf8), UInt32(17)), (50, Array("18".utf8), 18), (60, [0x18, 0x2a], 42),
      (60, [0x1a, 0xff, 0xff, 0xff, 0xff], .max),
    ] {
      var message = device.message(.put, "store/1", payload: payload)
      message.options.append(.init(.contentFormat, format == 0 ? [] : [format]))
      let answer = try device.receive(try message.encoded())[0]
      #expect(answer.code == .changed)
      let entry = try StoreEntryDescription(try device.value(.get, "store/1"))
      #expect(entry.value == value)
    }
  }

  @Test(
    arguments: [
      (nil, ""), (nil, "-1"), (nil, "4294967296"), (nil, "01"), (nil, "1 "), (nil, "0x1"),
      (nil, "9999999999999999999"),
      (60, ""), (60, "\u{18}"), (60, "ab"), (60, "\u{01}\u{01}"), (60, "\u{20}"), (50, "[1]"),
    ] as [(UInt8?, String)])
  func `what is no number of 32 bits is refused`(format: UInt8?, payload: String) throws {
    var device = try Device()
    var message = device.message(.put, "store/1", payload: Array(payload.utf8))
    if let format { message.options.append(.init(.contentFormat, [format])) }
    let refusal = Refusal(try device.receive(try message.encoded())[0])
    #expect(refusal.code == .badRequest && refusal.rule == Int(RequestRule.number.rawValue))
    let entries = try entries("store", of: &device)
    #expect(entries.isEmpty)
  }

  @Test func `another content format is refused`() throws {
    var device = try Device()
    var message = device.message(.put, "store/1", payload: [1])
    message.options.append(.init(.contentFormat, [42]))
    let refusal = Refusal(try device.receive(try message.encoded())[0])
    #expect(refusal.code == .unsupportedContentFormat && refusal.found == 42)
    #expect(refusal.rule == Int(RequestRule.bodyFormat.rawValue))
  }

  @Test func `a key that nothing is stored under is not found`() throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(1))
    for code in [Code.get, .delete] {
      for path in ["store/3", "slots/1/store/3"] {
        let refusal = try device.refusal(code, path)
        #expect(refusal?.code == .notFound && refusal?.found == 3)
        #expect(refusal?.rule == Int(RequestRule.unknownKey.rawValue))
      }
    }
  }

  @Test func `a full store takes no other key, and what is there can be changed`() throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(1))
    for (path, limit) in [("store", Limits.globalStoreQuota), ("slots/1/store", Limits.localStoreEntries)] {
      for key in 0..<limit {
        let stored = try put("1", "\(path)/\(key)", &device)
        #expect(stored.code == .changed)
      }
      let refusal = Refusal(try put("1", "\(path)/1000", &device))
      #expect(refusal.code == .conflict && refusal.rule == Int(RequestRule.storeFull.rawValue))
      #expect(refusal.expected == Int64(limit))
      let changed = try put("2", "\(path)/0", &device)
      #expect(changed.code == .changed)
      let freed = try device.request(.delete, "\(path)/1").code
      #expect(freed == .deleted)
      let again = try put("3", "\(path)/1000", &device)
      #expect(again.code == .changed)
      let count = try entries(path, of: &device).count
      #expect(count == limit)
    }
    // Those from outside leave room for a program.
    _ = try device.install(storing(0x11, value: 100, key: 77))
    let result = try device.result(of: 1)
    #expect(result == 0)
  }

  @Test func `an empty slot has no store that could be changed`() throws {
    var device = try Device()
    let refusal = Refusal(try put("1", "slots/1/store/1", &device))
    #expect(refusal.rule == Int(RequestRule.emptySlot.rawValue))
    let list = try entries("slots/1/store", of: &device)
    #expect(list.isEmpty)
    let beyond = Refusal(try put("1", "slots/5/store/1", &device))
    #expect(beyond.rule == Int(RequestRule.unknownSlot.rawValue))
  }

  @Test func `what the policy does not grant nobody changes, but everybody reads`() throws {
    var policy = AccessPolicy()
    policy.remote = .programStores
    var device = try Device(policy: policy)
    _ = try device.install(storing(0x11, value: 100))
    _ = try device.result(of: 1)
    for (code, path) in [
      (Code.put, "store/7"), (.delete, "store/7"), (.put, "peripherals/0"), (.put, "peripherals/7"),
      (.delete, "peripherals/0"), (.put, "pins/0/0"), (.post, "reboot"),
    ] {
      let refusal = try device.refusal(code, path, payload: code == .put ? [0x31] : [])
      #expect(refusal?.code == .forbidden && refusal?.rule == Int(RequestRule.notGranted.rawValue), "\(path)")
    }
    let read = try entries("store", of: &device)
    #expect(read.map(\.value) == [100])
    let own = try put("1", "slots/1/store/1", &device)
    #expect(own.code == .changed)
    #expect(device.world.restarts == 0)
    policy.remote = .sharedStore
    device.server.runtime.policy = policy
    let shared = try put("1", "store/1", &device)
    #expect(shared.code == .changed)
    let refused = Refusal(try put("1", "slots/1/store/1", &device))
    #expect(refused.rule == Int(RequestRule.notGranted.rawValue))
  }

  @Test func `an observer of a store is told of a program's change`() throws {
    var device = try Device()
    _ = try device.install(storing(0x11, value: 100))
    var request = device.message(.get, "store")
    request.options.insert(.init(.observe, []), at: 0)
    let answer = try device.receive(try request.encoded())[0]
    #expect(answer.values(of: .observe).count == 1)
    let run = device.message(.post, "slots/1/run")
    let sent = try device.receive(try run.encoded())
    #expect(sent.contains { $0.token == request.token && $0.code == .content })
  }

  // MARK: Restarting

  @Test func `a restart comes after its answer, and once`() throws {
    var device = try Device()
    for _ in 0..<3 {
      let answer = try device.request(.post, "reboot").code
      #expect(answer == .changed)
    }
    #expect(device.world.restarts == 0)
    _ = try device.wait(1000)
    #expect(device.world.restarts == 1)
  }

  @Test func `all instances are told at once`() throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(5))
    _ = try device.result(of: 1)
    guard case .array(let items) = try device.value(.get, "instances") else { return }
    let instances = try items.map { try InstanceDescription($0) }
    #expect(instances.map(\.slot) == Array(0..<5))
    #expect(instances[1].result == 5)
  }
}
