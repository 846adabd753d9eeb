import CoAP
import DeviceProtocol
import SUIT
import TestSupport
import Testing
import Toolchain

@testable import DeviceClient

extension Device {
  /// An envelope with its image in one piece.
  func pushed(
    _ image: [UInt8], slot: UInt16 = 1, sequenceNumber: UInt32, form: ManifestForm, uri: String? = nil,
    key: SigningKey = Self.key
  ) throws -> [UInt8] {
    var envelope = ManifestBuilder(
      payload: image, uri: uri ?? (form == .suit ? "#image" : "coap://[::1]/image"), slot: slot,
      sequenceNumber: sequenceNumber, vendorID: Self.vendor,
      classID: UUIDv5.classID(vendorID: Self.vendor, name: "fake"), form: form
    ).envelope
    try envelope.sign(with: key)
    return envelope.encoded(pushing: image)
  }

  /// A request with one more option, below the path's.
  mutating func request(_ code: Code, _ path: String, with option: Parsed.Option) throws -> Parsed {
    var request = message(code, path)
    request.options.insert(option, at: 0)
    return try receive(try request.encoded())[0]
  }

  /// A request with one block of a body.
  mutating func block(
    _ number: Int, of body: [UInt8], size: Int, path: String = "suit/push"
  ) -> Parsed {
    let end = min((number + 1) * size, body.count)
    var request = message(.post, path, payload: Array(body[number * size..<end]))
    let block = BlockOption(
      number: UInt32(number), more: end < body.count, sizeExponent: BlockOption.sizeExponent(notAbove: size))
    request.options.append(.init(.block1, [UInt8(block.rawValue >> 8), UInt8(block.rawValue & 0xff)]))
    return request
  }

  /// Sends a body block by block; returns the answer to the last, or the first that is no 2.31.
  mutating func push(_ body: [UInt8], size: Int = 64, from peer: Peer = Self.client) throws -> Parsed {
    for number in 0..<(body.count + size - 1) / size {
      let request = block(number, of: body, size: size)
      let answers = try receive(try request.encoded(), from: peer)
      guard answers.count == 1, answers[0].type == .acknowledgement else {
        throw NoSingleAnswer(answers: answers)
      }
      guard answers[0].code == .continuation else { return answers[0] }
    }
    throw NoSingleAnswer(answers: [])
  }
}

@Suite struct PushRules {
  static let image = Assembly.image(text: Assembly.returning(5), rodata: pattern(700))

  @Test(arguments: ManifestForm.allCases, [16, 32, 64, 128, 256, 512, 1024])
  func `an envelope with its image is installed, in blocks of any size`(form: ManifestForm, size: Int) throws
  {
    var device = try Device()
    let body = try device.pushed(Self.image, sequenceNumber: 7, form: form)
    let answer = try device.push(body, size: size)
    #expect(answer.code == .changed, "\(Refusal(answer))")
    let value = Value(answer.payload)
    #expect(value?[.text("slot")]?.integer == 1 && value?[.text("sequence")]?.integer == 7)
    #expect(value?[.text("size")]?.integer == Int64(Self.image.count))
    #expect(try device.result(of: 1) == 5)
    let again = try device.push(body, size: size)
    #expect(Refusal(again).rule == Int(SUITError.Reason.sequence.rawValue))
  }

  @Test(arguments: ManifestForm.allCases)
  func `a small envelope and image need no block option`(form: ManifestForm) throws {
    var device = try Device()
    let body = try device.pushed(Assembly.returning(6), sequenceNumber: 1, form: form)
    let answer = try device.request(.post, "suit/push", payload: body)
    #expect(answer.code == .changed)
    #expect(try device.result(of: 1) == 6)
  }

  @Test(arguments: ManifestForm.allCases)
  func `no byte of what is pushed may be changed or missing, and the slot stays`(form: ManifestForm) throws {
    var device = try Device()
    let old = try device.pushed(Assembly.returning(1), sequenceNumber: 1, form: form)
    #expect(try device.push(old).code == .changed)
    let good = try device.pushed(Assembly.returning(2), sequenceNumber: 2, form: form)
    for index in good.indices {
      var bad = good
      bad[index] ^= 1 << UInt8(index % 8)
      #expect(try !device.push(bad, size: 256).code.isSuccess, "byte \(index)")
      if index % 16 == 0 {
        #expect(try !device.push(Array(good[..<max(index, 1)]), size: 256).code.isSuccess, "cut at \(index)")
      }
    }
    #expect(try !device.push(good + [0]).code.isSuccess)
    #expect(try device.result(of: 1) == 1)
    #expect(try device.push(good).code == .changed)
    #expect(try device.result(of: 1) == 2)
  }

  @Test func `late, doubled and strange blocks do not spoil a transfer`() throws {
    var device = try Device()
    let body = try device.pushed(Self.image, sequenceNumber: 1, form: .suit)
    let size = 64
    var sent: [[UInt8]] = []
    let count = (body.count + size - 1) / size
    for number in 0..<count {
      let datagram = try device.block(number, of: body, size: size).encoded()
      sent.append(datagram)
      let answers = try device.receive(datagram)
      #expect(answers.map(\.code) == [number + 1 < count ? .continuation : .changed])
      // Those before it again, whether the endpoint still knows them or not; a later one; a stranger's; a trigger.
      for earlier in sent.dropLast() {
        let again = try device.receive(earlier)
        // From memory; or in silence, when their answer is forgotten.
        if number + 1 < count { #expect(again.isEmpty || again.map(\.code) == [.continuation]) }
      }
      guard number + 2 < count else { continue }
      let later = try device.block(number + 2, of: body, size: size).encoded()
      #expect(try device.receive(later).map(\.code) == [.requestEntityIncomplete])
      let stranger = Peer(ipv4: 0x0a00_0009, port: 9)
      let first = try device.block(0, of: body, size: size).encoded()
      #expect(try device.receive(first, from: stranger).map(\.code) == [.serviceUnavailable])
      let refused = try device.request(.post, "suit/trigger", payload: Array("coap://10.0.0.3/m".utf8))
      #expect(Refusal(refused).rule == Int(RequestRule.busy.rawValue))
    }
    #expect(try device.result(of: 1) == 5)
    // What is late after the end begins nothing.
    for datagram in sent { _ = try device.receive(datagram) }
    #expect(try device.install(Assembly.returning(9)).code == .forbidden || device.result(of: 1) == 9)
  }

  @Test func `a client that falls silent makes room for the next`() throws {
    var device = try Device()
    let body = try device.pushed(Self.image, sequenceNumber: 1, form: .riot)
    let first = try device.block(0, of: body, size: 64).encoded()
    #expect(try device.receive(first).map(\.code) == [.continuation])
    let other = Peer(ipv4: 0x0a00_0009, port: 9)
    let refused = try device.push(body, from: other)
    #expect(Refusal(refused).rule == Int(RequestRule.busy.rawValue))
    _ = try device.wait(93_000)
    #expect(try device.push(body, from: other).code == .changed)
  }

  @Test func `a push is refused while a pull is under way`() throws {
    var device = try Device()
    let first = try device.trigger()
    let body = try device.pushed(Self.image, sequenceNumber: 1, form: .riot)
    #expect(Refusal(try device.push(body)).rule == Int(RequestRule.busy.rawValue))
    _ = try device.serve([:], from: first)
    #expect(try device.push(body).code == .changed)
  }

  @Test func `what does not fit the device is refused with its numbers`() throws {
    var device = try Device()
    let large = try device.pushed(pattern(5000), sequenceNumber: 1, form: .suit)
    var refusal = Refusal(try device.push(large, size: 1024))
    #expect(refusal.rule == Int(SUITError.Reason.storage.rawValue))
    #expect(refusal.expected == 4096 && refusal.found == 5000)
    let image = Assembly.returning(1)
    var other = try device.pushed(image, sequenceNumber: 1, form: .suit, uri: "#image")
    let name = Array("#image".utf8)
    let place = try #require(other.indices.last { Array(other[$0...].prefix(6)) == name })
    other[place + 1] = UInt8(ascii: "I")
    refusal = Refusal(try device.push(other))
    #expect(refusal.rule == Int(SUITError.Reason.fetch.rawValue))
    let eve = try device.pushed(image, sequenceNumber: 1, form: .suit, key: SigningKey())
    #expect(Refusal(try device.push(eve)).rule == Int(SUITError.Reason.signature.rawValue))
    refusal = Refusal(try device.push([UInt8](repeating: 0x40, count: 700)))
    #expect(refusal.rule == Int(SUITError.Reason.tooLarge.rawValue))
    refusal = Refusal(
      try device.push([0xa2, 0x02, 0x59, 0x03, 0xe8] + [UInt8](repeating: 0, count: 800), size: 256))
    #expect(refusal.rule == Int(SUITError.Reason.tooLarge.rawValue))
    let envelope = try device.envelope(for: image)
    #expect(Refusal(try device.push(envelope)).rule == Int(SUITError.Reason.incomplete.rawValue))
  }

  @Test func `an envelope that holds its image can also be pulled`() throws {
    var device = try Device()
    let envelope = try device.pushed(Assembly.returning(8), sequenceNumber: 1, form: .suit)
    let first = try device.trigger()
    #expect(try device.serve(["manifest": envelope], from: first).code == .changed)
    #expect(try device.result(of: 1) == 8)
  }

  @Test func `a resource that takes no blocks says how long a body may be`() throws {
    var device = try Device()
    let request = device.block(0, of: pattern(2000), size: 1024, path: "slots/1/run")
    let answer = try #require(try device.receive(try request.encoded()).first)
    #expect(answer.code == .requestEntityTooLarge && answer.values(of: .size1) == [[4, 0]])
    #expect(Refusal(answer).rule == Int(RequestRule.bodyTooLong.rawValue))
  }
}

@Suite struct RepresentationRules {
  @Test func `a slot that is known already is not told again, and its change is`() throws {
    var device = try Device()
    let first = try device.request(.get, "slots/1")
    let tag = try #require(first.values(of: .entityTag).first)
    #expect(try device.request(.get, "slots/1", with: .init(.entityTag, tag)).code == .valid)
    _ = try device.install(Assembly.returning(1))
    #expect(try device.request(.get, "slots/1", with: .init(.entityTag, tag)).code == .content)
  }

  @Test func `a slot is erased only in the state that the request demands`() throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(1))
    var tags: [[UInt8]] = []
    for accept: UInt8 in [60, 0, 50] {
      tags += try device.request(.get, "slots/1", accept: accept).values(of: .entityTag)
    }
    #expect(Set(tags).count == 3)
    #expect(try device.request(.delete, "slots/1", with: .init(.ifNoneMatch, [])).code == .preconditionFailed)
    #expect(
      Refusal(try device.request(.delete, "slots/1", with: .init(.ifMatch, [1, 2]))).rule
        == Int(RequestRule.condition.rawValue))
    #expect(try device.result(of: 1) == 1)
    // The run has changed the slot.
    #expect(
      try device.request(.delete, "slots/1", with: .init(.ifMatch, tags[0])).code == .preconditionFailed)
    let now = try device.request(.get, "slots/1", accept: 50).values(of: .entityTag)
    let tag = try #require(now.first)
    #expect(try device.request(.delete, "slots/1", with: .init(.ifMatch, tag)).code == .deleted)
    #expect(try device.request(.delete, "slots/1", with: .init(.ifMatch, [])).code == .deleted)
  }

  @Test func `JSON tells the same as CBOR`() throws {
    var device = try Device()
    _ = try device.install(Assembly.returning(1))
    let answer = try device.request(.get, "slots/1", accept: 50)
    #expect(answer.values(of: .contentFormat) == [[50]])
    let text = String(decoding: answer.payload, as: UTF8.self)
    #expect(text.hasPrefix("{\"slot\":1,\"size\":16,\"sequence\":1,\"runs\":0,\"boot\":\"no\",\"digest\":\""))
    #expect(text.hasSuffix("\",\"codeBytes\":0}"))
    let slots = String(decoding: try device.body(of: "slots", blockSize: 64, accept: 50), as: UTF8.self)
    #expect(slots.hasPrefix("[{\"slot\":0,") && slots.hasSuffix("}]"))
    #expect(slots.split(separator: "},{").count == 5)
    let run = try device.request(.post, "slots/1/run", accept: 50)
    #expect(
      String(decoding: run.payload, as: UTF8.self) == "{\"result\":1,\"instructions\":2,\"microseconds\":0}")
  }

  @Test(arguments: [
    ("rt=microbpf.slot", 5), ("rt=microbpf.*", 63), ("href=/slots/1", 1), ("href=/slots/*", 55), ("obs", 24),
    ("rt=nothing", 0),
  ])
  func `discovery lists what the filter lets through`(filter: String, count: Int) throws {
    var device = try Device()
    var text = ""
    for number in UInt32(0)..<100 {
      let answer = try device.request(
        .get, ".well-known/core", queries: [filter],
        block2: BlockOption(number: number, more: false, sizeExponent: 6))
      #expect(answer.code == .content && answer.values(of: .contentFormat) == [[40]])
      text += String(decoding: answer.payload, as: UTF8.self)
      if (answer.values(of: .block2).first?.last ?? 0) & 8 == 0 { break }
    }
    #expect(text.count { $0 == "<" } == count)
  }

  @Test func `a multicast search is answered after a while by who has something, and by nobody else`() throws
  {
    for (filter, isAnswered) in [("rt=microbpf.slots", true), ("rt=other", false)] {
      var device = try Device()
      let search = device.message(.get, ".well-known/core", queries: [filter], type: .nonConfirmable)
      #expect(try device.receive(try search.encoded(), isMulticast: true).isEmpty)
      let answers = try device.wait(5001)
      #expect(answers.map(\.code) == (isAnswered ? [.content] : []))
      let wrong = device.message(.get, "nowhere", type: .nonConfirmable)
      #expect(try device.receive(try wrong.encoded(), isMulticast: true).isEmpty)
      #expect(try device.wait(5001).isEmpty)
    }
  }
}

@Suite struct ObservedSlotRules {
  @Test func `an observer of a slot is told when its program changes, runs or goes, and of nothing else`()
    throws
  {
    var device = try Device()
    var request = device.message(.get, "slots/1")
    request.options.insert(.init(.observe, []), at: 0)
    let answer = try device.receive(try request.encoded())[0]
    #expect(answer.values(of: .observe).count == 1)
    _ = try device.request(.get, "slots/2")
    #expect(try device.wait(10_000).isEmpty)

    let body = try device.pushed(Assembly.returning(5), sequenceNumber: 3, form: .suit)
    let push = device.message(.post, "suit/push", payload: body)
    let sent = try device.receive(try push.encoded())
    #expect(sent.map(\.code) == [.changed, .content])
    #expect(sent[1].token == request.token && sent[1].values(of: .observe).count == 1)
    let value = Value(sent[1].payload)
    #expect(value?[.text("sequence")]?.integer == 3)
    #expect(try device.wait(10_000).isEmpty)

    var stop = device.message(.get, "slots/1")
    stop.token = request.token
    stop.options.insert(.init(.observe, [1]), at: 0)
    #expect(try device.receive(try stop.encoded())[0].values(of: .observe).isEmpty)
    let erased = try device.receive(try device.message(.delete, "slots/1").encoded())
    #expect(erased.map(\.code) == [.deleted])
  }
}
