import Delivery
import DeviceClient
import Emulator
import Foundation
import Synchronization
import TestSupport
import Testing
import Toolchain

/// What a console has put out.
private final class Transcript: Sendable {
  private let lines = Mutex<[String]>([])

  func append(_ line: String) { lines.withLock { $0.append(line) } }

  /// Waits for a line that contains a text.
  func wait(for text: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while !lines.withLock({ $0.contains { $0.contains(text) } }) {
      guard ContinuousClock.now < end else {
        let all = lines.withLock { $0 }
        Issue.record("never said \(text): \(all)", sourceLocation: sourceLocation)
        return
      }
      try await Task.sleep(for: .milliseconds(20))
    }
  }

  /// Waits until so many lines contain a text.
  func wait(
    for count: Int, of text: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let end = ContinuousClock.now + .seconds(30)
    while self.count(of: text) < count, ContinuousClock.now < end {
      try await Task.sleep(for: .milliseconds(20))
    }
    #expect(self.count(of: text) == count, sourceLocation: sourceLocation)
  }

  private func count(of text: String) -> Int { lines.withLock { $0.count { $0.contains(text) } } }
}

/// The board's own console, its restarts, and what it does by itself.
@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct Restarts {
  private static let printer = Assembly.move(1, 7) + Assembly.call(3) + Assembly.returning(7)

  private static func install(_ image: [UInt8], in slot: Int, of device: DeviceClient) async throws {
    _ = try await deliver(image: image, to: slot, of: device, signing: Signing(key: Board.key))
  }

  private static func waitUntil(
    _ device: DeviceClient, slot: Int, sourceLocation: SourceLocation = #_sourceLocation,
    _ isReached: (InstanceDescription) -> Bool
  ) async throws -> InstanceDescription {
    let end = ContinuousClock.now + .seconds(30)
    var instance = try await device.instance(slot)
    while !isReached(instance), ContinuousClock.now < end {
      try await Task.sleep(for: .milliseconds(20))
      instance = try await device.instance(slot)
    }
    #expect(isReached(instance), "\(instance)", sourceLocation: sourceLocation)
    return instance
  }

  @Test func `programs start at boot as they were started, in both engines, after each restart`() async throws
  {
    let transcript = Transcript()
    try await Board.run(seed: 0, restarts: true, console: transcript.append) { _, device in
      try await Self.install(Self.printer, in: 1, of: device)
      try await Self.install(Self.printer, in: 2, of: device)
      try await Self.install(Self.printer, in: 3, of: device)
      _ = try await device.compile(2, isolation: .hardware)
      _ = try await device.start(1, every: 200, atBoot: true)
      _ = try await device.start(2, engine: .jit, restart: .always, atBoot: true)
      _ = try await device.start(
        3, on: DeviceEvent(device: 0, .pressed), conditions: RunConditions(instructions: 100), atBoot: true)
      for starts in 2...3 {
        try await device.reboot()
        try await transcript.wait(for: starts, of: "microbpf: ready")
        // Answers, but has not started them.
        let compiled = try await Self.waitUntil(device, slot: 2) { $0.restarts > 0 }
        #expect(compiled.engine == "jit" && compiled.model == "long-running")
        #expect(try await device.slot(2).code?.isolation == "hardware")
        #expect(try await Self.waitUntil(device, slot: 1) { $0.starts > 3 }.every == 200)
        #expect(try await device.instance(3).state == "waiting")
        _ = try await device.set(1, device: 0)
        _ = try await Self.waitUntil(device, slot: 3) { $0.starts == 1 && $0.result == 7 }
      }
      for slot in 1...3 { try await device.stop(slot) }
      try await device.reboot()
      try await transcript.wait(for: 4, of: "microbpf: ready")
      try await Task.sleep(for: .seconds(5))
      for slot in 1...3 { #expect(try await device.instance(slot).starts == 0) }
    }
  }

  @Test func `what is typed at the serial port is answered there`() async throws {
    let transcript = Transcript()
    try await Board.run(seed: 0, restarts: true, console: transcript.append) { board, device in
      try await Self.install(Self.printer, in: 1, of: device)
      try await board.type("run 1\n")
      try await transcript.wait(for: "result: 7")
      try await board.type("store 5 77\r")
      try await transcript.wait(for: "value: 77")
      #expect(try await device.value(of: 5, in: nil).value == 77)
      try await board.type("resources\n")
      // The last of a body of several blocks.
      try await transcript.wait(for: "</reboot>")
      try await board.type("run 4\n")
      try await transcript.wait(for: "4.04 Slot is empty: nothing is installed in this slot")
      try await board.type("start 1 every=100\nreboot\n")
      try await transcript.wait(for: "done")
      try await transcript.wait(for: 2, of: "microbpf: ready")
      try await board.type("slot 1\n")
      try await transcript.wait(for: "sequence: 1")
      #expect(try await device.store(of: nil).isEmpty)
      let description = try await device.description()
      #expect(description.uptime < 20_000)
      #expect(try await device.console("ps").contains("slot: 1\nstate: idle\n"))
      await #expect(throws: NoCommand.self) { try await device.console("fly") }
    }
  }

  @Test func `stores of the board are read and changed from outside`() async throws {
    try await Board.run(seed: 0) { _, device in
      // Adds 1 to what all share under key 7.
      let adding =
        Assembly.instruction(0x7a, destination: 10, offset: -8) + Assembly.move(1, 7)
        + Assembly.copy(2, from: 10) + Assembly.add(2, -8) + Assembly.call(0x13)
        + Assembly.loadWord(2, from: 10, -8) + Assembly.add(2, 1) + Assembly.move(1, 7) + Assembly.call(0x11)
        + Assembly.exit
      try await Self.install(adding, in: 1, of: device)
      _ = try await device.run(1)
      #expect(try await device.store(of: nil).map(\.value) == [1])
      _ = try await device.store(41, under: 7, in: nil)
      _ = try await device.run(1)
      let entry = try await device.value(of: 7, in: nil)
      #expect(entry.value == 42 && entry.owner == 1)
      _ = try await device.store(3, under: 2, in: 1)
      #expect(try await device.store(of: 1).map(\.value) == [3])
      try await device.removeValue(of: 7, in: nil)
      #expect(try await device.store(of: nil).isEmpty)
    }
  }
}
