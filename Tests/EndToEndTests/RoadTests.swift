import Delivery
import DeviceClient
import Emulator
import Interpreter
import ProgramImage
import TestSupport
import Testing

@Suite(.enabled(if: Board.isRequired), .serialized) struct TheRoad {
  @Test func `a signed program is pulled, verified and run on the board`() async throws {
    try await Board.run { _, device in
      let report = try await deliver(
        image: Assembly.returning(42), to: 1, of: device, signing: Signing(key: Board.key))
      #expect(report.installation.slot == 1)
      #expect(report.installation.size == 16)
      let execution = try await device.run(1)
      #expect(execution.result == 42)
      #expect(execution.instructions == 2)
    }
  }

  @Test func `a program of 1 KiB takes two datagrams each way between the board and the file server`()
    async throws
  {
    let image = (0..<126).flatMap { _ in Assembly.move(1, 0) } + Assembly.returning(7)
    #expect(image.count == 1024)
    try await Board.run { _, device in
      var packets: [Int] = []
      // Beside retransmissions: a busy machine may have the board ask again.
      while packets.count < 5, packets.last != 4 {
        let report = try await deliver(image: image, to: 1, of: device, signing: Signing(key: Board.key))
        #expect(report.installation.size == 1024)
        packets.append(report.serverPackets)
      }
      #expect(packets.last == 4, "\(packets)")
      #expect(try await device.run(1).result == 7)
    }
  }

  @Test(arguments: [BoardMachine.an500, .an385])
  func `Cortex-M7 and M3 interpret, compile and stop programs like the Cortex-M4`(
    machine: BoardMachine
  ) async throws {
    try await Board.run(machine: machine) { _, device in
      let example = try Example(path: Board.root.appending(path: "Examples/fletcher16.c").path)
      let rows = try await demonstrate(
        [(example: example, layout: .elf)], on: device, signing: Signing(key: Board.key)
      ) { _ in }
      #expect(rows.map(\.engine) == [.interpreter, .jit])
      _ = try await device.compile(0, isolation: .hardware)
      #expect(try await device.runCompiled(0).result == rows[0].expected)
      _ = try await deliver(
        image: CompiledPrograms.endless[1], to: 1, of: device, signing: Signing(key: Board.key))
      do {
        _ = try await device.runCompiled(1)
        Issue.record("an endless program ended")
      } catch DeviceError.refused(let refusal) {
        #expect(refusal.rule == Int(Trap.Rule.budgetSpent.rawValue))
      }
    }
  }

  @Test func `programs in every layout return what they should`() async throws {
    let examples = [
      ("counter.c", ImageLayout.text), ("globals.c", .femtoContainers), ("globals.c", .extended),
      ("globals.c", .elf),
    ]
    try await Board.run { _, device in
      let programs = try examples.map { name, layout in
        (example: try Example(path: Board.root.appending(path: "Examples/\(name)").path), layout: layout)
      }
      let rows = try await demonstrate(programs, on: device, signing: Signing(key: Board.key)) { _ in }
      #expect(rows.map(\.layout) == ["text", "femtoContainers", "extended", "elf"].flatMap { [$0, $0] })
      #expect(rows.map(\.engine) == (0..<4).flatMap { _ in [.interpreter, .jit] })
    }
  }
}
