import Bytes
import CoAP
import DeviceProtocol
import Helpers
import Runtime
import TestSupport
import Testing

@testable import DeviceClient

/// What those see who watch what a program prints.
@Suite struct LogRules {
  /// A device with a program in slot 1 that prints its input.
  private func printingDevice() throws -> Device {
    var device = try Device()
    let installed = try device.install(Assembly.call(Int32(Helper.printf.rawValue)) + Assembly.exit)
    #expect(installed.code == .changed)
    return device
  }

  /// Has the program print a text; returns what the device sends besides the answer.
  private func print(_ text: String, on device: inout Device) throws -> [Parsed] {
    let request = device.message(.post, "slots/1/run", payload: Array(text.utf8) + [0])
    return try device.receive(try request.encoded()).filter { $0.token != request.token }
  }

  /// Registers for the log; returns the registration.
  private func watch(_ device: inout Device, accept: UInt8? = 60) throws -> Parsed {
    var watch = device.message(.get, "slots/1/log", accept: accept)
    watch.options.insert(.init(.observe, []), at: 0)
    let answers = try device.receive(try watch.encoded())
    #expect(answers.count == 1 && answers[0].values(of: .observe).count == 1)
    return watch
  }

  private func log(_ message: Parsed?) throws -> LogDescription {
    let payload = try #require(message).payload
    return try LogDescription(try #require(Value(payload)))
  }

  @Test func `the log is text unless another format is asked for`() throws {
    var device = try printingDevice()
    _ = try print("21.5 C\n", on: &device)
    let text = try device.request(.get, "slots/1/log")
    #expect(text.payload == Array("21.5 C\n".utf8) && text.values(of: .contentFormat) == [[]])
    let json = try device.request(.get, "slots/1/log", accept: 50)
    #expect(
      String(decoding: json.payload, as: UTF8.self)
        == #"{"slot":1,"printed":7,"dropped":0,"text":"32312e3520430a"}"#)
    let cbor = try device.request(.get, "slots/1/log", accept: 60)
    #expect(
      try log(cbor) == LogDescription(slot: 1, printed: 7, dropped: 0, text: Array("21.5 C\n".utf8)))
    let refused = try device.request(.get, "slots/1/log", accept: 40)
    #expect(refused.code == .notAcceptable)
  }

  @Test func `who observes the log is told what is printed, and has to acknowledge it`() throws {
    var device = try printingDevice()
    let watch = try watch(&device)
    _ = try device.wait(10_000)
    for round in 1...3 {
      let told = try print("line\n", on: &device)
      #expect(told.count == 1 && told[0].token == watch.token && told[0].type == .confirmable)
      let log = try log(told.first)
      #expect(log.printed == 5 * round && log.text == Array(String(repeating: "line\n", count: round).utf8))
      try device.acknowledge(told[0])
      _ = try device.wait(10_000)
    }
    let silence = try device.wait(40_000)
    #expect(silence.isEmpty)
  }

  @Test func `what a program prints that goes on is told at once, however long it sleeps then`() throws {
    var device = try Device()
    let program =
      Assembly.copy(6, from: 1) + Assembly.call(Int32(Helper.nowMicroseconds.rawValue))
      + Assembly.copy(7, from: 10) + Assembly.add(7, -8)
      + Assembly.instruction(0x63, destination: 7, source: 0) + Assembly.copy(1, from: 6)
      + Assembly.call(Int32(Helper.printf.rawValue)) + Assembly.copy(1, from: 7)
      + Assembly.move(2, 60_000_000) + Assembly.call(Int32(Helper.periodicWakeup.rawValue))
      + Assembly.returning(0)
    let installed = try device.install(program)
    #expect(installed.code == .changed)
    let watch = try watch(&device)
    let start = device.message(.post, "slots/1/instance", payload: Array("tick\n".utf8) + [0])
    let sent = try device.receive(try start.encoded())
    let told = sent.filter { $0.token == watch.token }
    #expect(told.count == 1)
    let log = try log(told.first)
    #expect(log.text == Array("tick\n".utf8))
    let instance = try device.instance(1)
    #expect(instance.state == "sleeping")
  }

  @Test func `an observer can have plain text`() throws {
    var device = try printingDevice()
    let watch = try watch(&device, accept: nil)
    let told = try print("a\n", on: &device)
    #expect(told.map(\.token) == [watch.token] && told.map(\.payload) == [Array("a\n".utf8)])
  }

  @Test func `a notification that is lost comes again, and lines printed meanwhile come in one after it`()
    throws
  {
    var device = try printingDevice()
    let watch = try watch(&device)
    let first = try #require(try print("1\n", on: &device).first)
    for line in 2...9 {
      let more = try print("\(line)\n", on: &device)
      #expect(more.isEmpty)
    }
    let again = try #require(try device.wait(4000).first)
    #expect(again.messageID == first.messageID && again.payload == first.payload)
    let acknowledgement = Parsed(type: .acknowledgement, code: .empty, messageID: first.messageID)
    var told = try device.receive(try acknowledgement.encoded())
    told += try device.wait(10)
    #expect(told.count == 1 && told[0].token == watch.token)
    let log = try log(told.first)
    #expect(log.printed == 18)
    #expect(String(decoding: log.text, as: UTF8.self) == (1...9).map { "\($0)\n" }.joined())
  }

  @Test func `an observer that acknowledges nothing is not told any more`() throws {
    var device = try printingDevice()
    _ = try watch(&device)
    let told = try print("1\n", on: &device)
    #expect(told.count == 1)
    // What is sent again ends after 62 to 93 seconds.
    let repeated = try device.wait(100_000)
    #expect(repeated.count == 4)
    let more = try print("2\n", on: &device)
    #expect(more.isEmpty)
  }

  @Test func `what has been overwritten before it was told can be counted`() throws {
    var device = try printingDevice()
    _ = try watch(&device)
    let first = try #require(try print("start\n", on: &device).first)
    let line = String(repeating: "x", count: 99) + "\n"
    for _ in 0..<8 { _ = try print(line, on: &device) }
    var told = try device.receive(
      try Parsed(type: .acknowledgement, code: .empty, messageID: first.messageID).encoded())
    told += try device.wait(10)
    let log = try log(told.first)
    #expect(log.printed == 806 && log.text.count == Limits.logBytes)
    #expect(log.text == Array((String(repeating: line, count: 8)).utf8.suffix(Limits.logBytes)))
  }

  @Test func `what a program printed too fast is told as dropped`() throws {
    var device = try printingDevice()
    _ = try watch(&device)
    let line = String(repeating: "x", count: 256)
    let allowed = Limits.logBytesPerSecond / 256
    for _ in 0..<allowed + 3 { _ = try print(line, on: &device) }
    let answer = try device.request(.get, "slots/1/log", accept: 60)
    let log = try log(answer)
    #expect(log.printed == Limits.logBytesPerSecond && log.dropped == 3 * 256)
  }

  @Test func `another program begins with an empty log, and goes on counting`() throws {
    var device = try printingDevice()
    _ = try print("old\n", on: &device)
    let installed = try device.install(Assembly.call(Int32(Helper.printf.rawValue)) + Assembly.exit)
    #expect(installed.code == .changed)
    let empty = try log(try device.request(.get, "slots/1/log", accept: 60))
    #expect(empty == LogDescription(slot: 1, printed: 4, dropped: 0, text: []))
    _ = try print("new\n", on: &device)
    let later = try log(try device.request(.get, "slots/1/log", accept: 60))
    #expect(later == LogDescription(slot: 1, printed: 8, dropped: 0, text: Array("new\n".utf8)))
  }

  @Test func `discovery says that the log can be observed`() throws {
    var device = try Device()
    let links = try device.body(of: ".well-known/core", blockSize: 1024)
    #expect(
      String(decoding: links, as: UTF8.self).contains(
        #"</slots/1/log>;rt="microbpf.log";ct=0;title="What the slot's program printed last";obs"#))
  }
}
