import Delivery
import DeviceClient
import Emulator
import Foundation
import TestSupport
import Testing

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct PowerFailures {
  /// Bytes that return `number`, so many that storing them takes a while.
  private static func program(_ number: Int32) -> [UInt8] {
    Array(repeating: Assembly.move(0, 1), count: 400).flatMap(\.self) + Assembly.returning(number)
  }

  @Test func `slots outlive a restart of the board`() async throws {
    try await withTemporaryDirectory { directory in
      let flash = directory.appending(path: "board, its flash").path
      try await Board.run(flash: flash) { _, device in
        for slot in [0, 4] {
          _ = try await deliver(
            image: Self.program(Int32(slot) + 7), to: slot, of: device, signing: Signing(key: Board.key))
        }
        try await device.erase(4)
      }
      for machine in [BoardMachine.an386, .an500] {
        try await Board.run(machine: machine, flash: flash) { _, device in
          #expect(try await device.run(0).result == 7)
          let emptied = try await device.slot(4)
          #expect(emptied.size == 0)
          #expect(emptied.sequence == 1)
        }
      }
      // Without a file there is nothing to outlive.
      try await Board.run { _, device in
        let slots = try await device.slots()
        #expect(slots.allSatisfy { $0.sequence == 0 })
      }
    }
  }

  @Test(arguments: 0..<20)
  func `a board that loses power during a deployment holds the old or the new program`(seed: UInt64)
    async throws
  {
    try await withTemporaryDirectory { directory in
      var chance = Repeatable(seed: seed)
      let flash = directory.appending(path: "flash").path
      // How long a deployment takes differs between machines, and with what else they do.
      let duration = try await Board.run(flash: flash) { _, device in
        try await ContinuousClock().measure {
          _ = try await deliver(
            image: Self.program(1), to: 1, of: device, signing: Signing(key: Board.key, sequenceNumber: 5))
        }
      }
      let delay = duration * Double.random(in: 0..<1.2, using: &chance)
      let wasAnswered = try await Board.run(flash: flash) { board, device in
        let deployment = Task {
          try await deliver(
            image: Self.program(2), to: 1, of: device, signing: Signing(key: Board.key, sequenceNumber: 6))
        }
        try await Task.sleep(for: delay)
        board.cutPower()
        deployment.cancel()
        return (try? await deployment.value) != nil
      }
      try await Board.run(flash: flash) { _, device in
        let slot = try await device.slot(1)
        let result = try await device.run(1).result
        #expect((slot.sequence, result) == (5, 1) || (slot.sequence, result) == (6, 2))
        if wasAnswered { #expect(slot.sequence == 6) }
        // It takes the next one.
        _ = try await deliver(image: Self.program(3), to: 1, of: device, signing: Signing(key: Board.key))
        #expect(try await device.run(1).result == 3)
      }
    }
  }
}
