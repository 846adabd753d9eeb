import CoAPTransport
import Delivery
import DeviceClient
import DeviceProtocol
import Foundation
import Interpreter
import ProgramImage
import TestSupport
import Testing
import Toolchain

@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct CompiledPrograms {
  @Test func `a program that goes wrong is stopped alike in both engines`() async throws {
    let images =
      ProgramAttacks.escapes.map(\.0) + ProgramAttacks.pointers.map(\.0) + [
        // A helper that does not exist and one that takes no such address, called through a register.
        Assembly.move(3, 0x7777) + Self.callNumbered(3) + Assembly.exit,
        Assembly.wide(3, 0x1_0000_0001) + Self.callNumbered(3) + Assembly.exit,
        Assembly.move(3, 0x52) + Assembly.move(1, 5) + Self.callNumbered(3) + Assembly.exit,
        // A trap of the program's own, behind other functions.
        Self.callLocal(1) + Assembly.exit + Assembly.blur(1) + Assembly.loadByte(0, from: 1, 64)
          + Assembly.exit,
        // Each size, to read and to write.
        Self.access(0x71), Self.access(0x69), Self.access(0x61), Self.access(0x79), Self.access(0x72),
        Self.access(0x6a), Self.access(0x62), Self.access(0x7a), Self.access(0x91),
      ]
    try await Siege.run { siege in
      for (number, image) in images.enumerated() {
        let interpreted = try await siege.trap(of: image)
        _ = try await siege.device.compile(2)
        let compiled = try await siege.refusal { _ = try await siege.device.run(2, engine: .jit) }
        #expect(compiled == interpreted, "\(number): \(compiled) instead of \(interpreted)")
        #expect(compiled.stage == .execution)
      }
    }
  }

  /// An access of this opcode 1 MiB away from the stack.
  private static func access(_ opcode: UInt8) -> [UInt8] {
    Assembly.move(3, 7) + Assembly.copy(1, from: 10) + Assembly.add(1, 0x10_0000) + Assembly.blur(1)
      + Assembly.instruction(opcode, destination: opcode & 7 == 1 ? 0 : 1, source: opcode & 7 == 1 ? 1 : 0)
      + Assembly.returning(0)
  }

  private static func callNumbered(_ register: UInt8) -> [UInt8] {
    Assembly.instruction(0x8d, destination: register)
  }

  private static func callLocal(_ distance: Int32) -> [UInt8] {
    Assembly.instruction(0x85, source: 1, immediate: distance)
  }

  static let endless: [[UInt8]] = [
    // All go on as long as r6 is 0, the length of no context: with nothing else, with a division of 64 bits, with reads
    // that are checked out of line, with a function, with helpers.
    Assembly.copy(6, from: 2) + loop([]),
    Assembly.copy(6, from: 2) + Assembly.wide(7, 1 << 60)
      + loop(Assembly.copy(3, from: 7) + Assembly.instruction(0x3f, destination: 3, source: 7)),
    Assembly.image(
      text: Assembly.copy(6, from: 2) + Assembly.rodata(7) + Assembly.add(7, from: 2)
        + loop(Assembly.loadByte(3, from: 7)), rodata: [1, 2, 3, 4]),
    Assembly.copy(6, from: 2) + Assembly.move(0, 0) + callLocal(2)
      + Assembly.instruction(0x15, destination: 6, offset: -2) + Assembly.exit + Assembly.returning(1),
    Assembly.copy(6, from: 2) + loop(Assembly.call(0x20)),
    Assembly.copy(6, from: 2) + Assembly.storeByte(0, to: 10, -1)
      + loop(Assembly.copy(1, from: 10) + Assembly.add(1, -1) + Assembly.call(0x52)),
  ]

  private static func loop(_ body: [UInt8]) -> [UInt8] {
    let distance = -Int16(body.count / 8) - 1
    return Assembly.move(0, 0) + body + Assembly.instruction(0x15, destination: 6, offset: distance)
      + Assembly.exit
  }

  @Test func `an endless program is stopped by its time budget, wherever it is`() async throws {
    try await Siege.run { siege in
      for (number, image) in Self.endless.enumerated() {
        _ = try await install(image, on: siege.device)
        _ = try await siege.device.compile(2)
        let before = try await siege.device.description().uptime
        let refusal = try await siege.refusal { _ = try await siege.device.run(2, engine: .jit) }
        let elapsed = try await siege.device.description().uptime - before
        #expect(refusal.stage == .execution, "\(number): \(refusal)")
        #expect(refusal.rule == Int(Trap.Rule.budgetSpent.rawValue), "\(number): \(refusal)")
        // Somewhere in the loop.
        #expect((1...10).contains(refusal.index ?? 0), "\(number): \(refusal)")
        // The board's clock also moves on while it waits for requests.
        #expect(elapsed >= 100, "\(number): \(elapsed)")
        // What ends by itself is not disturbed.
        #expect(try await siege.device.run(2, context: [1], engine: .jit).instructions == nil)
      }
    }
  }

  @Test func `code lives as long as its program holds the slot`() async throws {
    try await Siege.run { siege in
      let device = siege.device
      _ = try await install(Assembly.returning(5), on: device)
      let notCompiled = try await siege.refusal { _ = try await device.run(2, engine: .jit) }
      #expect(notCompiled.isNotCompiled)
      #expect(
        notCompiled.description
          == "Program is not compiled (4.09): there is no code of this slot's program; compile it first (slot 2)"
      )
      let code = try await device.compile(2)
      #expect(try await device.slot(2).code == code)
      for _ in 0..<3 { #expect(try await device.run(2, engine: .jit).result == 5) }
      #expect(try await device.slot(2).runs == 3)
      // A deployment that fails changes nothing.
      _ = try await Forgery(image: [1], slot: 2).refusal(by: siege)
      #expect(try await device.run(2, engine: .jit).result == 5)
      _ = try await install(Assembly.returning(6), on: device)
      #expect(try await device.slot(2).code == nil)
      let replaced = try await siege.refusal { _ = try await device.run(2, engine: .jit) }
      #expect(replaced.isNotCompiled)
      #expect(try await device.runCompiled(2).result == 6)
      try await device.dropCode(of: 2)
      let dropped = try await siege.refusal { _ = try await device.run(2, engine: .jit) }
      #expect(dropped.isNotCompiled)
      #expect(try await device.run(2).result == 6)
    }
  }

  @Test func `code outlives its image when it is asked to`() async throws {
    try await onBoard { siege in
      let device = siege.device
      // What is read stands in the image, and what stops it is told from the place in the code.
      let text =
        Assembly.rodata(1) + Assembly.blur(1) + Assembly.loadByte(0, from: 1, 3)
        + Assembly.instruction(0x15, destination: 2, offset: 1) + Assembly.loadByte(0, from: 1, 4)
        + Assembly.exit
      let image = Assembly.image(text: text, rodata: [1, 2, 3, 77])
      _ = try await install(image, on: device)
      let nothingToKeep = try await siege.refusal { try await device.erase(2, keepingCode: true) }
      #expect(nothingToKeep.isNotCompiled)
      #expect(try await device.run(2).result == 77)
      _ = try await device.compile(2)
      try await device.erase(2, keepingCode: true)
      let slot = try await device.slot(2)
      #expect(slot.size == 0 && slot.code != nil)
      let empty = try await siege.refusal { _ = try await device.run(2) }
      #expect(empty.rule == Int(RequestRule.emptySlot.rawValue))
      // Other programs come and go in the memory where the image was.
      for number: Int32 in 1...3 {
        _ = try await deliver(
          image: Assembly.returning(number), to: 3, of: device, signing: Signing(key: Board.key))
        #expect(try await device.run(2, engine: .jit).result == 77)
      }
      let refusal = try await siege.refusal {
        _ = try await device.run(2, context: [9], engine: .jit)
      }
      #expect(refusal.rule == Int(Trap.Rule.readOutside.rawValue))
      #expect(refusal.index == 3)
      try await device.erase(2)
      try await device.erase(3)
      let gone = try await siege.refusal { _ = try await device.run(2, engine: .jit) }
      #expect(gone.rule == Int(RequestRule.emptySlot.rawValue))
    }
  }

  @Test func `what the device cannot compile is refused with a reason`() async throws {
    try await Siege.run { siege in
      let device = siege.device
      // Divisions of 64 bits: the code is several times as large as the program.
      let division = Assembly.instruction(0x3f, destination: 0, source: 1)
      let image =
        Assembly.copy(1, from: 2) + Assembly.wide(0, 1 << 40)
        + Array([[UInt8]](repeating: division, count: 400).joined()) + Assembly.exit
      _ = try await install(image, on: device)
      let tooLarge = try await siege.refusal { _ = try await device.compile(2) }
      #expect(tooLarge.code == .unprocessableEntity)
      #expect(tooLarge.stage == .compilation)
      #expect(tooLarge.rule == Int(CompilationRule.tooLittleRoom.rawValue))
      #expect(tooLarge.expected == 8192)
      #expect((tooLarge.found ?? 0) > 8192)
      #expect(try await device.run(2).result == 0)
      let notCompiled = try await siege.refusal { _ = try await device.run(2, engine: .jit) }
      #expect(notCompiled.isNotCompiled)

      let empty = try await siege.refusal { _ = try await device.compile(4) }
      #expect(empty.stage == .request && empty.rule == Int(RequestRule.emptySlot.rawValue))
    }
  }
}

/// Runs `body` on a board whose slots it may use as it likes.
private func onBoard(_ body: @escaping @Sendable (Siege) async throws -> Void) async throws {
  try await Board.run { board, device in
    try await withClient { try await body(Siege(board: board, device: device, client: $0)) }
  }
}

private func install(_ image: [UInt8], on device: DeviceClient) async throws -> DeliveryReport {
  try await deliver(image: image, to: 2, of: device, signing: Signing(key: Board.key))
}
