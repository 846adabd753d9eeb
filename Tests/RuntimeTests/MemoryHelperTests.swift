import Foundation
import Helpers
import Interpreter
import Testing

@testable import Runtime

/// Addresses that no program may use, of which some are next to what it may.
private func outside(_ caller: borrowing Caller, size: UInt64) -> [UInt64] {
  [
    0, 1, 0x80, caller.start - 1, caller.end - size + 1, caller.end, caller.end + 1, 1 << 63, .max, .max - 3,
    caller.start ^ 1 << 40,
  ]
}

@Suite struct MemoryHelpers {
  @Test func `memcpy copies between what may be read and written, and returns the destination`() throws {
    var caller = try Caller()
    let returned = try caller.call(.memcpy, caller.start, caller.rodataAddress, 8)
    #expect(returned == caller.start)
    let bytes = try caller.read(9, at: caller.start)
    #expect(bytes == Array("constant\0".utf8))
  }

  @Test func `memcpy is right for ranges that overlap either way`() throws {
    for (from, to) in [(0, 3), (3, 0), (2, 2)] as [(UInt64, UInt64)] {
      var caller = try Caller()
      try caller.write(Array(1...10), at: caller.start)
      var expected = try caller.read(16, at: caller.start)
      let moved = Array(expected[Int(from)..<Int(from) + 8])
      expected.replaceSubrange(Int(to)..<Int(to) + 8, with: moved)
      _ = try caller.call(.memcpy, caller.start + to, caller.start + from, 8)
      let found = try caller.read(16, at: caller.start)
      #expect(found == expected)
    }
  }

  @Test func `memcpy of nothing needs no memory`() throws {
    var caller = try Caller()
    let returned = try caller.call(.memcpy, 0, .max, 0)
    #expect(returned == 0)
  }

  @Test func `memcpy touches nothing when either range is not the program's`() throws {
    var caller = try Caller()
    try caller.write(Array(repeating: 7, count: Caller.size), at: caller.start)
    let before = try caller.contents()
    for address in outside(caller, size: 8) {
      let destination = caller.fault(.memcpy, address, caller.start, 8)
      #expect(destination == HelperFault(.access, argument: 1, address: address))
      let source = caller.fault(.memcpy, caller.start, address, 8)
      #expect(source == HelperFault(.access, argument: 2, address: address))
    }
    let constant = caller.fault(.memcpy, caller.rodataAddress, caller.start, 1)
    #expect(constant == HelperFault(.access, argument: 1, address: caller.rodataAddress))
    for length in [UInt64(Caller.size) + 1, 1 << 31, 1 << 32, 1 << 63, .max, .max - 7] {
      let fault = caller.fault(.memcpy, caller.start, caller.start, length)
      #expect(fault == HelperFault(.access, argument: 2, address: caller.start))
    }
    let after = try caller.contents()
    #expect(before == after)
  }

  @Test func `strlen counts up to the zero byte, in both regions`() throws {
    var caller = try Caller()
    try caller.write("hello", at: caller.start)
    let length = try caller.call(.strlen, caller.start)
    #expect(length == 5)
    let constant = try caller.call(.strlen, caller.rodataAddress)
    #expect(constant == 8)
  }

  @Test func `strlen of a text without an end faults behind the last byte`() throws {
    var caller = try Caller(rodata: "endless")
    try caller.write(Array(repeating: 1, count: Caller.size), at: caller.start)
    let end = caller.end
    let fault = caller.fault(.strlen, caller.start)
    #expect(fault == HelperFault(.access, argument: 1, address: end))
    let constant = caller.fault(.strlen, caller.rodataAddress)
    #expect(constant == HelperFault(.access, argument: 1, address: caller.rodataAddress + 7))
  }

  @Test(
    arguments: [
      (-125, -1, "-12.5"), (-12, 2, "-1200"), (5, -2, "0.05"), (0, 0, "0"), (0, -1, "0.0"), (0, 2, "000"),
      (123, 0, "123"), (-32768, 0, "-32768"), (32767, -4, "3.2767"), (32767, -5, "0.32767"),
      (-32768, -16, "-0.0000000000032768"), (-32768, 16, "-327680000000000000000"),
      (0x1_0005, 0, "5"), (0xffff, 0, "-1"),
    ] as [(Int64, Int64, String)])
  func `a decimal number is written as programs expect`(value: Int64, exponent: Int64, text: String) throws {
    var caller = try Caller()
    let (r2, r3) = (UInt64(bitPattern: value), UInt64(bitPattern: exponent))
    let length = try caller.call(.formatS16, 0, r2, r3)
    #expect(length == UInt64(text.utf8.count))
    // The last bytes of the arena will do, and nothing is written behind them.
    let address = caller.end - length
    let again = try caller.call(.formatS16, address, r2, r3)
    #expect(again == length)
    let written = try caller.read(Int(length), at: address)
    #expect(String(decoding: written, as: UTF8.self) == text)
    let fault = caller.fault(.formatS16, address + 1, r2, r3)
    #expect(fault == HelperFault(.access, argument: 1, address: address + 1))
  }

  @Test(arguments: [17, -17, 128, -129, Int64(Int32.min), Int64(Int32.max)])
  func `a decimal point is not moved farther than sixteen places`(exponent: Int64) throws {
    var caller = try Caller()
    let fault = caller.fault(.formatS16, caller.start, 1, UInt64(bitPattern: exponent))
    #expect(fault == HelperFault(.argument, argument: 3))
  }

  @Test(
    arguments: [(0, "0"), (7, "7"), (12345, "12345"), (0xffff_ffff, "4294967295"), (1 << 32, "0")]
      as [(UInt64, String)])
  func `an unsigned number is written in decimal digits`(value: UInt64, text: String) throws {
    var caller = try Caller()
    let length = try caller.call(.formatU32, caller.start, value)
    let written = try caller.read(Int(length), at: caller.start)
    #expect(String(decoding: written, as: UTF8.self) == text)
    let measured = try caller.call(.formatU32, 0, value)
    #expect(measured == length)
    for address in outside(caller, size: length) where address != 0 {
      let fault = caller.fault(.formatU32, address, value)
      #expect(fault == HelperFault(.access, argument: 1, address: address))
    }
  }
}

@Suite struct ConsoleHelpers {
  @Test func `print_debug prints all 64 bits`() throws {
    var caller = try Caller()
    _ = try caller.call(.printDebug, .max)
    _ = try caller.call(.printDebug, 0)
    #expect(caller.world.text == "[DEBUG]: 18446744073709551615\n[DEBUG]: 0\n")
  }

  @Test func `what a program prints is kept in its slot's log, the oldest bytes dropped first`() throws {
    var caller = try Caller()
    let slot = try #require(SlotNumber(1))
    try caller.write(String(repeating: "a", count: 255), at: caller.start)
    try caller.write("bc", at: caller.start + 300)
    _ = try caller.call(.printf, caller.start)
    _ = try caller.call(.printf, caller.start + 300)
    func log() -> String {
      let log = caller.services.log(of: slot)
      let bytes = log.older.indices.map { log.older[$0] } + log.newer.indices.map { log.newer[$0] }
      return String(decoding: bytes, as: UTF8.self)
    }
    #expect(log() == String(repeating: "a", count: 255) + "bc")
    _ = try caller.call(.printf, caller.start)
    _ = try caller.call(.printf, caller.start + 300)
    let text = log()
    #expect(text.utf8.count == Limits.logBytes)
    #expect(text == String(repeating: "a", count: 253) + "bc" + String(repeating: "a", count: 255) + "bc")
    caller.services.clearLocalStore(of: slot)
    #expect(log() == "")
  }

  @Test func `more than so much in a second is dropped and counted, for this program alone`() throws {
    var caller = try Caller()
    let slot = try #require(SlotNumber(1))
    try caller.write(String(repeating: "x", count: 256), at: caller.start)
    let allowed = Limits.logBytesPerSecond / 256
    for _ in 0..<allowed + 3 { _ = try caller.call(.printf, caller.start) }
    #expect(caller.world.console.count == Limits.logBytesPerSecond)
    let dropped = caller.services.log(of: slot).dropped
    #expect(dropped == 3 * 256)
    caller.services.begin(SlotNumber(2))
    _ = try caller.call(.printf, caller.start)
    #expect(caller.world.console.count == Limits.logBytesPerSecond + 256)
    caller.services.begin(slot)
    caller.world.microseconds += 1_000_000
    _ = try caller.call(.printf, caller.start)
    #expect(caller.world.console.count == Limits.logBytesPerSecond + 512)
  }

  @Test func `a format bomb prints no more than the longest text`() throws {
    for format in [
      "%2147483647d", "%-99999999999999999999u", "%.2147483647x", "%0200d%0200d%0200d", "%s%s%s%s",
    ] {
      var caller = try Caller()
      try caller.write(format, at: caller.start)
      try caller.write(String(repeating: "y", count: 255), at: caller.start + 300)
      let address = caller.start + 300
      _ = try caller.call(.printf, caller.start, address, address, address, address)
      #expect(caller.world.console.count == Limits.printedBytes)
    }
  }

  @Test func `the format and every string have to be the program's`() throws {
    var caller = try Caller()
    try caller.write("%s %s %s %s", at: caller.start)
    for address in outside(caller, size: 0) where address != caller.end + 1 {
      let format = caller.fault(.printf, address)
      #expect(format == HelperFault(.access, argument: 1, address: address))
      let text = caller.fault(.printf, caller.start, caller.start, caller.start, address)
      #expect(text == HelperFault(.access, argument: 4, address: address))
    }
    try caller.write(Array(repeating: 0x25, count: Caller.size), at: caller.start)
    let end = caller.end
    let endless = caller.fault(.printf, caller.start)
    #expect(endless == HelperFault(.access, argument: 1, address: end))
    #expect(caller.world.console.isEmpty)
  }

  /// Formats made at random, against C's printf.
  @Test(arguments: UInt64(0)..<40) func `numbers come out as C's printf prints them`(seed: UInt64) throws {
    var numbers = Numbers(state: seed)
    for _ in 0..<50 {
      var format = "%"
      for flag in ["-", "0"] where numbers.next() % 3 == 0 { format += flag }
      if numbers.next() % 2 == 0 { format += "\(1 + numbers.next() % 24)" }
      if numbers.next() % 3 == 0 { format += ".\(numbers.next() % 24)" }
      let length = ["", "l", "ll", "h", "hh", "z"][Int(numbers.next() % 6)]
      let letter = ["d", "i", "u", "x", "X"][Int(numbers.next() % 5)]
      format += length + letter
      let value = numbers.next() >> (numbers.next() % 64) &* (numbers.next() % 2 == 0 ? 1 : .max)
      // What C has undefined is left out.
      guard !(format.contains("-") && format.dropFirst().prefix { "-0".contains($0) }.contains("0")) else {
        continue
      }
      var caller = try Caller()
      try caller.write(format, at: caller.start)
      _ = try caller.call(.printf, caller.start, value)
      var expected = [CChar](repeating: 0, count: 256)
      _ = withVaList([Int(bitPattern: UInt(value))]) { vsnprintf(&expected, 256, format, $0) }
      let text = String(decoding: expected.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
      #expect(caller.world.text == text, "\(format) of \(value)")
    }
  }
}

/// splitmix64.
struct Numbers {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}

@Suite struct StoreHelpers {
  @Test func `a value is kept under its key, and 0 found where there is none`() throws {
    for (store, fetch) in [(Helper.storeLocal, Helper.fetchLocal), (.storeGlobal, .fetchGlobal)] {
      var caller = try Caller()
      let stored = try caller.call(store, 0x1_0000_0007, 0x2_8000_0001)
      #expect(stored == 0)
      _ = try caller.call(fetch, 7, caller.start)
      let value = try caller.word(at: caller.start)
      #expect(value == 0x8000_0001)
      try caller.write([1, 1, 1, 1], at: caller.start)
      let result = try caller.call(fetch, 8, caller.start)
      #expect(result == 0)
      let absent = try caller.word(at: caller.start)
      #expect(absent == 0)
    }
  }

  @Test(arguments: [Helper.fetchLocal, .fetchGlobal])
  func `a value is written only where the program may write`(fetch: Helper) throws {
    var caller = try Caller()
    for address in outside(caller, size: 4) + [caller.rodataAddress] {
      let fault = caller.fault(fetch, 1, address)
      #expect(fault == HelperFault(.access, argument: 2, address: address))
    }
  }

  @Test func `storing without end fills the program's own store and no other`() throws {
    var caller = try Caller()
    for key in 0..<100 as Range<UInt64> {
      let result = try caller.signed(.storeLocal, key, 1)
      #expect(result == (key < Limits.localStoreEntries ? 0 : -1))
    }
    caller.services.begin(SlotNumber(2))
    let other = try caller.signed(.storeLocal, 0, 1)
    #expect(other == 0)
  }

  @Test func `no program can fill the store that all share`() throws {
    var caller = try Caller()
    for key in 0..<100 as Range<UInt64> {
      let result = try caller.signed(.storeGlobal, key, 1)
      #expect(result == (key < Limits.globalStoreQuota ? 0 : -1))
    }
    caller.services.begin(SlotNumber(2))
    let shared = try caller.signed(.storeGlobal, 3, 2)
    #expect(shared == 0)
    let new = try caller.signed(.storeGlobal, 1000, 2)
    #expect(new == 0)
    let owned = caller.services.globalStore.count(ownedBy: 2)
    #expect(owned == 1)
  }

  @Test func `an owner's keys go with it, and leave room`() throws {
    var caller = try Caller()
    for slot in [1, 2] {
      caller.services.begin(SlotNumber(slot))
      for key in 0..<UInt64(Limits.globalStoreQuota) {
        _ = try caller.call(.storeGlobal, UInt64(slot) * 100 + key, UInt64(slot))
      }
    }
    caller.services.begin(SlotNumber(3))
    let full = try caller.signed(.storeGlobal, 300, 3)
    #expect(full == -1)
    let first = try #require(SlotNumber(1))
    caller.services.releaseGlobals(of: first)
    let count = caller.services.globalStore.count
    #expect(count == Limits.globalStoreQuota)
    let stored = try caller.signed(.storeGlobal, 300, 3)
    #expect(stored == 0)
    for key in 0..<UInt32(Limits.globalStoreQuota) {
      let (gone, kept) = (
        caller.services.globalStore.value(of: 100 + key), caller.services.globalStore.value(of: 200 + key)
      )
      #expect(gone == nil)
      #expect(kept == 2)
    }
  }
}

@Suite struct TimeHelpers {
  @Test func `clocks have 32 bits`() throws {
    var caller = try Caller()
    caller.world.microseconds = 0x12_3456_7890_abcd
    let microseconds = try caller.call(.nowMicroseconds)
    #expect(microseconds == 0x7890_abcd)
    let milliseconds = try caller.call(.nowMilliseconds)
    #expect(milliseconds == 0x12_3456_7890_abcd / 1000 & 0xffff_ffff)
  }

  /// The wake-up asked for, and what the program finds as its last one.
  private func sleep(last: UInt32, period: UInt64, at now: UInt64) throws -> (until: UInt64?, last: UInt32) {
    var caller = try Caller()
    caller.world.microseconds = now
    try caller.write((0..<4).map { UInt8(truncatingIfNeeded: last >> ($0 * 8)) }, at: caller.start)
    let result = try caller.call(.periodicWakeup, caller.start, period)
    #expect(result == 0)
    let until = caller.services.takePendingSleep()
    let again = caller.services.takePendingSleep()
    #expect(again == nil)
    return (until, try caller.word(at: caller.start))
  }

  @Test func `a program sleeps until one period after its last wake-up`() throws {
    let early = try sleep(last: 1000, period: 500, at: 1200)
    #expect(early == (until: 1500, last: 1500))
    let exact = try sleep(last: 1000, period: 500, at: 1500)
    #expect(exact == (until: 1500, last: 1500))
  }

  @Test func `who is late goes on at once, from now on`() throws {
    let late = try sleep(last: 1000, period: 500, at: 1501)
    #expect(late == (until: nil, last: 1501))
  }

  @Test func `a wake-up may be beyond the end of the clock`() throws {
    let now: UInt64 = 0x3_ffff_ff00
    let wrapped = try sleep(last: 0xffff_fe00, period: 0x400, at: now)
    #expect(wrapped == (until: 0x4_0000_0200, last: 0x200))
  }

  @Test func `the time of the last wake-up has to be the program's`() throws {
    var caller = try Caller()
    for address in outside(caller, size: 4) + [caller.rodataAddress] {
      let fault = caller.fault(.periodicWakeup, address, 1_000_000)
      #expect(fault == HelperFault(.access, argument: 1, address: address))
      let until = caller.services.takePendingSleep()
      #expect(until == nil)
    }
  }
}
