import BPFText
import CoAPTransport
import Delivery
import DeviceClient
import DeviceProtocol
import Interpreter
import TestSupport
import Testing
import Toolchain

/// Programs as something that runs: started, paused, ended, run again, on the board's threads.
@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct Instances {
  /// Goes on for ever without a context; with one it returns 5.
  private static let busy = "r0 = 5\nloop: if r2 == 0 goto loop\nexit\n"

  /// Counts in the global store under the key 7, each two milliseconds.
  private static let counter = """
    r6 = 0
    call 96
    *(u32 *)(r10 - 8) = r0
    again:
    r6 += 1
    r1 = 7
    r2 = r6
    call 17
    r1 = r10
    r1 += -8
    r2 = 2000
    call 97
    if r6 != 0 goto again
    exit

    """

  /// Prints how often it has slept, each ten milliseconds.
  private static let printer = """
    r6 = 0
    call 96
    *(u32 *)(r10 - 8) = r0
    again:
    r6 += 1
    r1 = r6
    call 3
    r1 = r10
    r1 += -8
    r2 = 10000
    call 97
    if r6 != 0 goto again
    exit

    """

  /// Returns what stands under that key.
  private static let reader = """
    *(u64 *)(r10 - 8) = 0
    r1 = 7
    r2 = r10
    r2 += -8
    call 19
    r0 = *(u32 *)(r10 - 8)
    exit

    """

  /// Counts its runs in its own store; while the number is below `limit`, or odd without one, it reads outside.
  private static func moody(limit: Int?) -> String {
    """
    r7 = r2
    *(u64 *)(r10 - 8) = 0
    r1 = 1
    r2 = r10
    r2 += -8
    call 18
    r6 = *(u32 *)(r10 - 8)
    r6 += 1
    r1 = 1
    r2 = r6
    call 16
    r0 = r6
    \(limit.map { "if r6 > \($0 - 1) goto good" } ?? "r6 &= 1\nif r6 == 0 goto good")
    r0 = *(u8 *)(r7 + 0)
    good:
    exit

    """
  }

  private static func install(_ source: String, in slot: Int, of device: DeviceClient) async throws {
    _ = try await deliver(
      image: Assembler(syntax: .llvm).assemble(source), to: slot, of: device,
      signing: Signing(key: Board.key))
  }

  /// Asks until it is so, for some seconds.
  private static func waitUntil(
    _ device: DeviceClient, slot: Int, sourceLocation: SourceLocation = #_sourceLocation,
    _ isReached: (InstanceDescription) -> Bool
  ) async throws -> InstanceDescription {
    let end = ContinuousClock.now + .seconds(30)
    var instance = try await device.instance(slot)
    while !isReached(instance) {
      guard ContinuousClock.now < end else {
        Issue.record("never reached: \(instance)", sourceLocation: sourceLocation)
        return instance
      }
      try await Task.sleep(for: .milliseconds(10))
      instance = try await device.instance(slot)
    }
    return instance
  }

  private static func refusal(
    sourceLocation: SourceLocation = #_sourceLocation, of request: () async throws -> Void
  ) async throws -> Refusal? {
    do {
      try await request()
      Issue.record("not refused", sourceLocation: sourceLocation)
      return nil
    } catch DeviceError.refused(let refusal) {
      return refusal
    }
  }

  // MARK: Output

  @Test func `what a program prints is told to who follows its log, and what was lost of it`() async throws {
    try await Board.run { _, device in
      try await Self.install(Self.printer, in: 2, of: device)
      _ = try await device.start(2)
      var follower = LogFollower()
      var states: [LogDescription] = []
      var text = ""
      var lost = 0
      for try await log in device.followLog(of: 2) {
        let news = follower.news(in: log)
        text += String(decoding: news.text, as: UTF8.self)
        lost += news.lost
        states.append(log)
        if states.count > 20, text.utf8.count > 2000 { break }
      }
      try await device.kill(2)
      let (first, last) = (try #require(states.first), try #require(states.last))
      #expect(states.allSatisfy { $0.slot == 2 && $0.dropped == 0 })
      #expect(text.utf8.count + lost == Int(last.printed - first.printed) + first.text.count)
      // On a busy machine some may be.
      guard lost == 0 else { return }
      // The first line may have lost its beginning.
      let numbers = text.split(separator: "\n").dropFirst().compactMap { Int($0.drop { !$0.isNumber }) }
      #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 == $0 + 1 })
    }
  }

  // MARK: Time

  @Test func `programs that never wait delay a reply by at most one time slice`() async throws {
    try await withDirectory { directory in
      let path = "\(directory)/frames.pcap"
      try await Board.run(capture: path) { _, device in
        for slot in 2...4 { try await Self.install(Self.busy, in: slot, of: device) }
        _ = try await device.compile(2)
        _ = try await device.compile(3, isolation: .hardware)
        for _ in 0..<30 { _ = try await device.description() }
        _ = try await device.start(2, engine: .jit)
        _ = try await device.start(3, engine: .jit)
        _ = try await device.start(4)
        for _ in 0..<30 { _ = try await device.description() }
        for slot in 2...4 { #expect(try await device.instance(slot).state == "running") }
      }
      // From each request's last frame to the answer's first, on the board's clock. The last 33 requests are those made while
      // programs run, and three for their states; the 30 before the three starts were made to an idle board.
      var delays: [Int] = []
      var asked: Int?
      for frame in try CapturedFrame.all(in: path) where frame.isDatagram {
        if frame.isToBoard {
          asked = frame.microseconds
        } else if frame.isFromBoard, let start = asked {
          delays.append(frame.microseconds - start)
          asked = nil
        }
      }
      try #require(delays.count > 66)
      let busy = try #require(delays.suffix(33).max())
      let idle = try #require(delays.dropLast(36).suffix(30).max())
      #expect(busy <= idle + 1000, "\(delays.suffix(70))")
    }
  }

  @Test func `a killed program's thread runs another program within a tick`() async throws {
    try await Board.run { _, device in
      try await Self.install(Self.busy, in: 2, of: device)
      _ = try await device.compile(2)
      for engine in [Engine.interpreter, .jit] {
        for _ in 0..<5 {
          _ = try await device.start(2, engine: engine)
          try await device.kill(2)
          let run = try await device.run(2, context: [1], engine: engine)
          #expect(run.result == 5)
          // From the request to its result, on the board's clock.
          #expect(run.microseconds < 1000)
        }
      }
      #expect(try await device.instance(2).starts == 20)
    }
  }

  @Test func `a running program's usage grows while one looks at it`() async throws {
    try await Board.run { _, device in
      try await Self.install(Self.busy, in: 2, of: device)
      _ = try await device.compile(2)
      for engine in [Engine.interpreter, .jit] {
        _ = try await device.start(2, engine: engine)
        var first = try await device.instance(2)
        while first.milliseconds < 5 { first = try await device.instance(2) }
        #expect(first.state == "running")
        #expect((first.instructions != nil) == (engine == .interpreter))
        var second = first
        while second.milliseconds < first.milliseconds + 5 { second = try await device.instance(2) }
        #expect(second.instructions ?? 1 > first.instructions ?? 0)
        try await device.kill(2)
        #expect(try await device.instance(2).milliseconds >= second.milliseconds)
      }
    }
  }

  // MARK: Pausing and ending

  @Test func `a paused program stands still until it may go on`() async throws {
    try await Board.run { _, device in
      try await Self.install(Self.counter, in: 2, of: device)
      try await Self.install(Self.reader, in: 3, of: device)
      for engine in [Engine.interpreter, .jit] {
        if engine == .jit { _ = try await device.compile(2) }
        _ = try await device.start(2, engine: engine)
        while try await device.run(3).result < 5 {}
        #expect(try await device.pause(2).state == "paused")
        let before = try await device.run(3).result
        try await Task.sleep(for: .milliseconds(100))
        #expect(try await device.run(3).result == before)
        #expect(try await device.instance(2).state == "paused")
        #expect(["running", "sleeping"].contains(try await device.resume(2).state))
        while try await device.run(3).result < before + 5 {}
        #expect(try await device.instance(2).starts == (engine == .jit ? 2 : 1))
        try await device.kill(2)
      }
      let refusal = try await Self.refusal { _ = try await device.pause(2) }
      #expect(refusal?.rule == Int(RequestRule.notRunning.rawValue))
    }
  }

  @Test func `whoever waits for a run is told that it was ended`() async throws {
    try await Board.run { board, device in
      try await Self.install(Self.busy, in: 2, of: device)
      _ = try await device.compile(2)
      for engine in [Engine.interpreter, .jit] {
        async let refusal = withClient { client in
          try await Self.refusal {
            _ = try await DeviceClient(url: board.url, client: client).run(
              2, engine: engine, conditions: RunConditions(milliseconds: 60_000, instructions: 0))
          }
        }
        _ = try await Self.waitUntil(device, slot: 2) { $0.state == "running" }
        // Longer than a client waits without being told that its request has arrived.
        try await Task.sleep(for: .milliseconds(700))
        try await device.kill(2)
        let told = try await refusal
        #expect(told?.code == .serviceUnavailable)
        #expect(told?.title == "Run was ended")
        #expect(told?.rule == Int(ExecutionRule.killed))
        let instance = try await device.instance(2)
        #expect(instance.ending == "killed")
        #expect(instance.index.map(Int64.init) == told?.index && instance.index != nil)
      }
    }
  }

  @Test func `a program can be ended while it sleeps, and started again`() async throws {
    try await Board.run { _, device in
      let sleeper = """
        call 96
        *(u32 *)(r10 - 8) = r0
        r1 = r10
        r1 += -8
        r2 = 1000000000
        call 97
        r0 = 9
        exit

        """
      try await Self.install(sleeper, in: 2, of: device)
      _ = try await device.compile(2)
      for engine in [Engine.interpreter, .jit] {
        _ = try await device.start(2, engine: engine)
        _ = try await Self.waitUntil(device, slot: 2) { $0.state == "sleeping" }
        try await device.kill(2)
        let ended = try await device.instance(2)
        #expect(ended.state == "ended" && ended.ending == "killed")
        _ = try await device.start(2, engine: engine)
        _ = try await Self.waitUntil(device, slot: 2) { $0.state == "sleeping" }
        #expect(try await device.pause(2).state == "paused")
        #expect(try await device.resume(2).state == "sleeping")
        try await device.kill(2)
      }
      // Nothing is left to be ended.
      let refusal = try await Self.refusal { try await device.kill(2) }
      #expect(refusal?.rule == Int(RequestRule.notRunning.rawValue))
    }
  }

  @Test func `a slot is replaced while other programs go on`() async throws {
    try await Board.run { _, device in
      try await Self.install(Self.counter, in: 1, of: device)
      try await Self.install(Self.reader, in: 3, of: device)
      _ = try await device.start(1)
      for number in 0..<4 {
        try await Self.install(number.isMultiple(of: 2) ? Self.busy : Self.counter, in: 2, of: device)
        _ = try await device.compile(2)
        _ = try await device.start(2, engine: number < 2 ? .interpreter : .jit)
      }
      try await Self.install("r0 = 77\nexit\n", in: 2, of: device)
      #expect(try await device.instance(2).state == "idle")
      #expect(try await device.run(2).result == 77)
      let before = try await device.run(3).result
      while try await device.run(3).result < before + 3 {}
      let other = try await device.instance(1)
      #expect(other.starts == 1 && other.ending == nil)
    }
  }

  // MARK: Again and again

  @Test func `a timer runs its program again although a run was trapped`() async throws {
    try await Board.run { _, device in
      try await Self.install(Self.moody(limit: nil), in: 2, of: device)
      _ = try await device.compile(2)
      for engine in [Engine.interpreter, .jit] {
        _ = try await device.start(2, every: 50, engine: engine)
        for ending in ["trapped", "returned", "trapped", "returned"] {
          let instance = try await Self.waitUntil(device, slot: 2) { $0.ending == ending }
          #expect(instance.every == 50)
          #expect(ending == "returned" || instance.rule == Int(Trap.Rule.readOutside.rawValue))
        }
        let refusal = try await Self.refusal { _ = try await device.run(2) }
        #expect(refusal?.rule == Int(RequestRule.slotBusy.rawValue))
        try await device.kill(2)
        let starts = try await device.instance(2).starts
        try await Task.sleep(for: .milliseconds(150))
        let after = try await device.instance(2)
        #expect(after.starts == starts && after.state == "ended" && after.restarts == 0)
      }
    }
  }

  @Test func `a program that failed is started again if it shall be, until it returns`() async throws {
    try await Board.run { _, device in
      try await Self.install(Self.moody(limit: 3), in: 2, of: device)
      _ = try await device.start(2, restart: .onFailure)
      let first = try await Self.waitUntil(device, slot: 2) { $0.ending != nil }
      // A busy machine may have it told late.
      #expect(first.starts > 1 || (first.ending == "trapped" && first.state == "waiting"))
      let last = try await Self.waitUntil(device, slot: 2) { $0.state == "ended" }
      #expect(last.ending == "returned" && last.result == 3)
      #expect(last.starts == 3 && last.restarts == 2)
      // One that has returned is not.
      _ = try await device.start(2, restart: .onFailure)
      #expect(try await Self.waitUntil(device, slot: 2) { $0.state == "ended" }.result == 4)
      // And none that shall not.
      try await Self.install(Self.moody(limit: 3), in: 2, of: device)
      _ = try await device.start(2)
      #expect(try await Self.waitUntil(device, slot: 2) { $0.state == "ended" }.ending == "trapped")
    }
  }

  @Test func `a program is started again for ever if it shall be, until it is ended`() async throws {
    try await Board.run { _, device in
      try await Self.install(Self.moody(limit: 2), in: 2, of: device)
      _ = try await device.start(2, restart: .always)
      let third = try await Self.waitUntil(device, slot: 2) { $0.restarts >= 2 && $0.ending == "returned" }
      #expect(third.starts == third.restarts + 1 && third.result ?? 0 >= 2)
      try await device.kill(2)
      let ended = try await device.instance(2)
      #expect(ended.state == "ended")
      try await Task.sleep(for: .milliseconds(1200))
      #expect(try await device.instance(2).starts == ended.starts)
    }
  }
}
