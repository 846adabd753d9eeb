import Delivery
import DeviceClient
import Helpers
import TestSupport
import Testing
import Toolchain

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct ManyBoards {
  @Test func `four boards side by side do not disturb each other`() async throws {
    let meeting = Meeting(count: 4)
    try await withThrowingTaskGroup(of: (port: UInt16, results: [Int64]).self) { group in
      for number: Int32 in 1...4 {
        group.addTask { try await Self.work(number, meeting) }
      }
      var ports: Set<UInt16> = []
      var results: Set<[Int64]> = []
      for try await outcome in group {
        ports.insert(outcome.port)
        results.insert(outcome.results)
      }
      #expect(ports.count == 4)
      #expect(results == [[1, 101, 1, 1], [2, 102, 2, 2], [3, 103, 3, 3], [4, 104, 4, 4]])
    }
  }

  /// Installs programs of its own on a board of its own, with a key that no other board trusts.
  private static func work(_ number: Int32, _ meeting: Meeting) async throws -> (
    port: UInt16, results: [Int64]
  ) {
    let key = SigningKey()
    return try await Board.run(trusting: [key]) { board, device in
      await meeting.arrive()
      var results: [Int64] = []
      let signing = Signing(key: key)
      _ = try await deliver(image: Assembly.returning(number), to: 1, of: device, signing: signing)
      _ = try await deliver(image: Assembly.returning(number + 100), to: 2, of: device, signing: signing)
      results.append(try await device.run(1).result)
      results.append(try await device.run(2).result)
      // What a program stores stays on its board.
      let store =
        Assembly.move(1, 7) + Assembly.move(2, number) + Assembly.call(Int32(Helper.storeGlobal.rawValue))
        + Assembly.exit
      let fetch =
        Assembly.move(1, 7) + Assembly.copy(2, from: 10) + Assembly.add(2, -4)
        + Assembly.call(Int32(Helper.fetchGlobal.rawValue)) + Assembly.loadWord(0, from: 10, -4)
        + Assembly.exit
      _ = try await deliver(image: store, to: 3, of: device, signing: signing)
      _ = try await deliver(image: fetch, to: 4, of: device, signing: signing)
      _ = try await device.run(3)
      for _ in 0..<2 { results.append(try await device.run(4).result) }
      do {
        _ = try await deliver(
          image: Assembly.returning(9), to: 1, of: device, signing: Signing(key: Board.key))
        Issue.record("another board's key was accepted")
      } catch DeviceError.refused(let refusal) {
        #expect(refusal.title == "Signature refused")
      }
      return (board.port, results)
    }
  }
}

/// Lets nobody go on before all have come.
private actor Meeting {
  private var missing: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(count: Int) { missing = count }

  func arrive() async {
    missing -= 1
    guard missing > 0 else {
      for one in waiting { one.resume() }
      waiting = []
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }
}
