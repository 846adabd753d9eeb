import Helpers
import Interpreter
import Testing

@testable import CoAP
@testable import Runtime

/// A confirmable POST with the token 0x71 0x72, a path of one segment and a payload.
private let request: [UInt8] = [0x42, 0x02, 0x12, 0x34, 0x71, 0x72, 0xb1, 0x61, 0xff, 0x68, 0x69]
/// The header of its response, with the code 2.05.
private let header: [UInt8] = [0x62, 0x45, 0x12, 0x34, 0x71, 0x72]

private let content: UInt64 = 0x45

@Suite struct ResponseBuilding {
  private func payload(_ caller: inout Caller) throws -> UInt64 {
    UInt64(try caller.word(at: caller.contextAddress + 28))
  }

  @Test func `a program finds the request where the context says`() throws {
    var caller = try Caller()
    let packet = try caller.answer(request)
    let buffer = caller.contextAddress + 40
    let context = try caller.read(40, at: caller.contextAddress)
    func number(_ offset: Int, _ count: Int) -> UInt64 {
      context[offset..<offset + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
    #expect(number(0, 8) == caller.contextAddress + 24)
    #expect(number(8, 8) == buffer)
    #expect(number(16, 8) == 64)
    #expect(number(24, 4) == buffer & 0xffff_ffff)
    #expect(number(28, 4) == (buffer + 9) & 0xffff_ffff)
    #expect(number(32, 4) == (buffer + 4) & 0xffff_ffff)
    #expect(number(36, 2) == 2)
    #expect(number(38, 2) == 1)
    // Also by an address without the upper half.
    let bytes = try caller.read(request.count, at: number(24, 4))
    #expect(bytes == request)
    #expect(packet.size == 104)
    let pdu = try caller.call(.coapGetPDU, caller.contextAddress)
    #expect(pdu == buffer + 9)
  }

  @Test func `a response is built as published programs do it`() throws {
    var caller = try Caller()
    let packet = try caller.answer(request)
    let context = caller.contextAddress
    let begun = try caller.call(.coapInitResponse, context, content)
    #expect(begun == 0)
    let format = try caller.call(.coapAddFormat, context, 0)
    #expect(format == 1)
    let length = try caller.call(.coapFinishOptions, context, 1)
    #expect(length == 8)
    let options = try caller.read(2, at: context + 38)
    #expect(options == [1, 0])
    let target = try payload(&caller)
    try caller.write(Array("42".utf8), at: target)
    let bytes = try caller.read(10, at: context + 40)
    #expect(bytes == header + [0xc0, 0xff, 0x34, 0x32])
    let answer = try caller.response(packet, returned: length + 2)
    #expect(answer == Answer(code: .content, contentFormat: 0, payload: Array("42".utf8)))
  }

  @Test(
    arguments: [(0, [0xc0]), (60, [0xc1, 60]), (256, [0xc2, 1, 0]), (0xffff, [0xc2, 0xff, 0xff])]
      as [(UInt64, [UInt8])])
  func `a format takes as few bytes as it needs`(format: UInt64, bytes: [UInt8]) throws {
    var caller = try Caller()
    let packet = try caller.answer(request)
    _ = try caller.call(.coapInitResponse, caller.contextAddress, content)
    let added = try caller.call(.coapAddFormat, caller.contextAddress, format)
    #expect(added == UInt64(bytes.count))
    let length = try caller.call(.coapFinishOptions, caller.contextAddress, 0)
    #expect(length == UInt64(header.count + bytes.count))
    let built = try caller.read(header.count + bytes.count, at: caller.contextAddress + 40)
    #expect(built == header + bytes)
    let answer = try caller.response(packet, returned: length)
    #expect(answer == Answer(code: .content, contentFormat: UInt16(format), payload: []))
  }

  @Test func `a request that wants no acknowledgement gets none`() throws {
    var caller = try Caller()
    let packet = try caller.answer([0x50, 0x01, 0, 7])
    _ = try caller.call(.coapInitResponse, caller.contextAddress, content)
    let bytes = try caller.read(4, at: caller.contextAddress + 40)
    #expect(bytes == [0x50, 0x45, 0, 7])
    let answer = try caller.response(packet, returned: 4)
    #expect(answer == Answer(code: .content, payload: []))
  }

  @Test(arguments: [0, 1, 0x1f, 0x60, 0xe0, 0x145, 0xffff_ffff, 0x1_0000_0000] as [UInt64])
  func `a code that is none of a response changes nothing`(code: UInt64) throws {
    var caller = try Caller()
    _ = try caller.answer(request)
    let before = try caller.contents()
    let result = try caller.signed(.coapInitResponse, caller.contextAddress, code)
    #expect(result == -1)
    let after = try caller.contents()
    #expect(before == after)
  }

  @Test func `a format has sixteen bits, comes once a response is begun, and before the payload`() throws {
    var caller = try Caller()
    _ = try caller.answer(request)
    let early = try caller.signed(.coapAddFormat, caller.contextAddress, 0)
    #expect(early == -22)
    _ = try caller.call(.coapInitResponse, caller.contextAddress, content)
    let large = try caller.signed(.coapAddFormat, caller.contextAddress, 0x1_0000)
    #expect(large == -22)
    _ = try caller.call(.coapFinishOptions, caller.contextAddress, 1)
    let late = try caller.signed(.coapAddFormat, caller.contextAddress, 0)
    #expect(late == -22)
  }

  @Test func `options that do not fit are not added`() throws {
    for (capacity, length) in [(12, -28), (13, 3)] as [(Int, Int64)] {
      var caller = try Caller()
      _ = try caller.answer(request, capacity: capacity)
      _ = try caller.call(.coapInitResponse, caller.contextAddress, content)
      // An option that the program put there itself.
      try caller.write([0x43, 1, 2, 3], at: caller.contextAddress + 46)
      let address = try payload(&caller) + 4
      try caller.write(
        (0..<4).map { UInt8(truncatingIfNeeded: address >> ($0 * 8)) }, at: caller.contextAddress + 28)
      let added = try caller.signed(.coapAddFormat, caller.contextAddress, 300)
      #expect(added == length)
    }
    var caller = try Caller()
    _ = try caller.answer([0x40, 1, 0, 1], capacity: 4)
    _ = try caller.call(.coapInitResponse, caller.contextAddress, content)
    let marker = try caller.signed(.coapFinishOptions, caller.contextAddress, 1)
    #expect(marker == -28)
  }

  @Test func `only a program that answers a request has a context`() throws {
    var caller = try Caller()
    for helper in [Helper.coapInitResponse, .coapAddFormat, .coapFinishOptions, .coapGetPDU] {
      let address = caller.contextAddress
      let none = caller.fault(helper, address, content)
      #expect(none == HelperFault(.argument, argument: 1, address: address))
    }
    _ = try caller.answer(request)
    for helper in [Helper.coapInitResponse, .coapAddFormat, .coapFinishOptions, .coapGetPDU] {
      for address in [
        0, caller.contextAddress + 8, caller.contextAddress - 8, caller.start, caller.end, .max,
      ] {
        let fault = caller.fault(helper, address, content)
        #expect(fault == HelperFault(.argument, argument: 1, address: address))
      }
    }
  }

  @Test func `whatever a program writes over its context, helpers touch nothing else`() throws {
    for seed in 0..<500 as Range<UInt64> {
      var numbers = Numbers(state: seed)
      var caller = try Caller()
      let packet = try caller.answer(request)
      try caller.write(Array(repeating: 0xee, count: 152), at: caller.contextAddress + 104)
      try caller.write(
        (0..<104).map { _ in UInt8(truncatingIfNeeded: numbers.next()) }, at: caller.contextAddress)
      // Sometimes a place within the buffer, or right beside it.
      if numbers.next() % 4 != 0 {
        let address = caller.contextAddress + 36 + numbers.next() % 72
        try caller.write(
          (0..<4).map { UInt8(truncatingIfNeeded: address >> ($0 * 8)) }, at: caller.contextAddress + 28)
      }
      let before = try caller.contents()
      for _ in 0..<6 {
        let helper = [Helper.coapInitResponse, .coapAddFormat, .coapFinishOptions, .coapGetPDU][
          Int(numbers.next() % 4)]
        let argument = numbers.next() % 3 == 0 ? content : numbers.next() >> (numbers.next() % 64)
        _ = caller.fault(helper, caller.contextAddress, argument)
      }
      let after = try caller.contents()
      let window = Int(caller.contextAddress - caller.start)
      #expect(before[..<window] == after[..<window])
      #expect(before[(window + 104)...] == after[(window + 104)...])
      for _ in 0..<8 {
        do throws(PacketError) { _ = try caller.response(packet, returned: numbers.next() % 70) } catch {}
      }
    }
  }
}

@Suite struct ResponseChecks {
  /// What becomes of these bytes in the buffer.
  private func outcome(_ bytes: [UInt8], returned: Int64? = nil) throws -> PacketError? {
    var caller = try Caller()
    let packet = try caller.answer(request)
    try caller.write(bytes, at: caller.contextAddress + 40)
    do throws(PacketError) {
      _ = try caller.response(packet, returned: UInt64(bitPattern: returned ?? Int64(bytes.count)))
      return nil
    } catch { return error }
  }

  @Test func `a length has to be one of the buffer`() throws {
    #expect(try outcome(header, returned: 0) == .noResponse(returned: 0))
    #expect(try outcome(header, returned: -1) == .noResponse(returned: -1))
    #expect(try outcome(header, returned: 0xffff_fff0) == .noResponse(returned: -16))
    #expect(try outcome(header, returned: 65) == .tooLong(returned: 65, capacity: 64))
    #expect(try outcome(header, returned: Int64(Int32.max)) == .tooLong(returned: .max, capacity: 64))
    #expect(try outcome(header, returned: 5) == .malformed(MessageError(rule: .truncated, offset: 4)))
    #expect(try outcome(header, returned: 3) == .malformed(MessageError(rule: .truncatedHeader, offset: 3)))
    #expect(try outcome(header) == nil)
  }

  @Test func `the header has to be the one that answers the request`() throws {
    for (index, byte) in [(0, 0x42), (2, 0x13), (3, 0x35), (4, 0x70), (5, 0x73)] as [(Int, UInt8)] {
      var changed = header
      changed[index] = byte
      #expect(try outcome(changed) == .header)
    }
    #expect(try outcome([0x61, 0x45, 0x12, 0x34, 0x71]) == .header)
    #expect(try outcome([0x62, 0x02, 0x12, 0x34, 0x71, 0x72]) == .code(2))
    #expect(try outcome(request) == .code(2))
    #expect(
      try outcome([0x22, 0x45, 0x12, 0x34, 0x71, 0x72])
        == .malformed(MessageError(rule: .unknownVersion, offset: 0)))
  }

  @Test func `options have to be well formed and the program's to choose`() throws {
    #expect(try outcome(header + [0xf0]) == .malformed(MessageError(rule: .reservedNibble, offset: 6)))
    #expect(try outcome(header + [0xc2, 0]) == .malformed(MessageError(rule: .truncated, offset: 7)))
    #expect(try outcome(header + [0xff]) == .malformed(MessageError(rule: .emptyPayload, offset: 6)))
    #expect(try outcome(header + [0x60]) == .option(6))
    #expect(try outcome(header + [0xc3, 0, 0, 0]) == .option(12))
    #expect(try outcome(header + [0xc0, 0x00]) == .option(12))
    #expect(try outcome(header + [0xd1, 10, 0x16]) == .option(23))
  }

  @Test func `format and age are taken over`() throws {
    var caller = try Caller()
    let packet = try caller.answer(request)
    try caller.write(header + [0xc1, 50, 0x21, 30, 0xff, 0x7b, 0x7d], at: caller.contextAddress + 40)
    let answer = try caller.response(packet, returned: 13)
    #expect(answer == Answer(code: .content, contentFormat: 50, maxAge: 30, payload: [0x7b, 0x7d]))
  }

  @Test func `a request longer than the buffer is refused`() throws {
    var caller = try Caller()
    #expect(throws: (any Error).self) { _ = try caller.answer(request, capacity: 10) }
    _ = try caller.answer(request, capacity: 11)
  }
}
