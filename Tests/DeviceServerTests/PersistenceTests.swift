import CoAP
import DeviceProtocol
import TestSupport
import Testing

@testable import DeviceClient

@Suite struct Persistence {
  private func flash() -> SimulatedFlash {
    SimulatedFlash(blockSize: 4096, blockCount: 20, programUnit: 4)
  }

  private func install(_ image: [UInt8], slot: UInt16 = 1, on device: inout Device) throws {
    let answer = try device.install(image, slot: slot)
    #expect(answer.code == .changed)
  }

  private func slot(_ number: Int, of device: inout Device) throws -> SlotDescription {
    let answer = try device.request(.get, "slots/\(number)")
    return try SlotDescription(try #require(Value(answer.payload)))
  }

  @Test func `a restarted device has its programs and their sequence numbers`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    try install(Assembly.returning(41), on: &device)
    try install(Assembly.returning(42), on: &device)
    try install(Assembly.returning(43), slot: 4, on: &device)
    let before = [try slot(1, of: &device), try slot(4, of: &device)]
    var restarted = try Device(flash: flash.restarted())
    let after = [try slot(1, of: &restarted), try slot(4, of: &restarted)]
    #expect(after == before)
    let results = [try restarted.result(of: 1), try restarted.result(of: 4)]
    #expect(results == [42, 43])
    let other = try slot(0, of: &restarted)
    #expect(other.size == 0)
  }

  @Test func `an old manifest is refused after a restart, also when the slot was emptied`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    try install(Assembly.returning(1), on: &device)
    try install(Assembly.returning(2), on: &device)
    let deletion = try device.request(.delete, "slots/1").code
    #expect(deletion == .deleted)
    var restarted = try Device(flash: flash.restarted())
    let emptied = try slot(1, of: &restarted)
    #expect(emptied.size == 0)
    #expect(emptied.sequence == 2)
    let refusal = Refusal(try restarted.install(Assembly.returning(1), slot: 1))
    #expect(refusal.title == "Sequence number too low")
  }

  @Test func `success is not answered before the program is stored`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    try install(Assembly.returning(1), on: &device)
    flash.power = 200
    let failed = Refusal(try device.install(Assembly.returning(2), slot: 1))
    #expect(failed.code == .internalServerError)
    #expect(failed.stage == .storage)
    #expect(failed.rule == Int(StorageRule.notKept.rawValue))
    let untouched = try device.result(of: 1)
    #expect(untouched == 1)
    let kept = Refusal(try device.request(.delete, "slots/1"))
    #expect(kept.stage == .storage)
    let unerased = try device.result(of: 1)
    #expect(unerased == 1)
    var restarted = try Device(flash: flash.restarted())
    let restored = try restarted.result(of: 1)
    #expect(restored == 1)
  }

  @Test func `storage that is too small is told, not used in silence`() throws {
    var device = try Device(flash: SimulatedFlash(blockSize: 4096, blockCount: 15))
    let refusal = Refusal(try device.install(Assembly.returning(1), slot: 1))
    #expect(refusal.rule == Int(StorageRule.unusable.rawValue))
    #expect(refusal.stage == .storage)
  }

  @Test func `a damaged image leaves its slot empty, with its sequence number`() throws {
    let flash = flash()
    var device = try Device(flash: flash)
    let image = Assembly.returning(41)
    try install(image, on: &device)
    let place = try #require(flash.contents.firstRange(of: image))
    flash.contents[place.lowerBound + 3] ^= 0x10
    var restarted = try Device(flash: flash.restarted())
    let damaged = try slot(1, of: &restarted)
    #expect(damaged.size == 0)
    #expect(damaged.sequence == 1)
  }
}
