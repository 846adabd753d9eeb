import BPFText
import Delivery
import DeviceClient
import DeviceProtocol
import JIT
import TestSupport
import Testing

/// What a run may use of its memory, on the board, in every engine.
@Suite(.enabled(if: Board.isRequired), .timeLimit(.minutes(10))) struct MemoryOfARun {
  /// Reads, or writes, a byte so far behind its context's start as the context says, and returns what it read.
  private static func touching(_ access: String) -> String {
    """
    r3 = *(u16 *)(r1 + 0)
    r4 = r1
    r4 += r3
    r0 = 5
    \(access)
    exit

    """
  }

  /// Has a helper copy a byte there.
  private static let copying = """
    r3 = *(u16 *)(r1 + 0)
    r2 = r1
    r1 += r3
    r3 = 1
    call 2
    r0 = 5
    exit

    """

  /// How the run ends: the trap's rule, if it is one.
  private static func rule(
    _ device: DeviceClient, _ offset: UInt16, _ engine: Engine, arena: UInt32?
  ) async throws -> Int? {
    do throws(DeviceError) {
      _ = try await device.run(
        2, context: [UInt8(offset & 0xff), UInt8(offset >> 8)], engine: engine,
        conditions: RunConditions(arena: arena))
      return nil
    } catch .refused(let refusal) {
      return refusal.rule
    }
  }

  @Test func `memory that a run is not given is outside in every engine, and inside for the next run`()
    async throws
  {
    let programs = [
      Self.touching("r0 = *(u8 *)(r4 + 0)"), Self.touching("*(u8 *)(r4 + 0) = r0"), Self.copying,
    ]
    try await Board.run { _, device in
      for program in programs {
        _ = try await deliver(
          image: Assembler(syntax: .llvm).assemble(program), to: 2, of: device,
          signing: Signing(key: Board.key))
        for (engine, isolation) in [
          (Engine.interpreter, nil), (.jit, Isolation.checked), (.jit, .hardware),
        ] {
          if let isolation { _ = try await device.compile(2, isolation: isolation) }
          for size in [1024, 3072, 6144] as [UInt32] {
            // The context comes behind the stack frame of 512 bytes.
            let last = UInt16(size) - 512 - 1
            #expect(try await Self.rule(device, last, engine, arena: size) == nil)
            let beyond = try await Self.rule(device, last + 1, engine, arena: size)
            let end = try await Self.rule(device, 7168 - 512 - 1, engine, arena: size)
            #expect(beyond != nil && beyond == end, "\(engine), \(isolation as Any), \(size), \(program)")
            #expect(try await Self.rule(device, last + 1, engine, arena: nil) == nil)
          }
          #expect(try await Self.rule(device, 7168 - 512 - 1, engine, arena: nil) == nil)
        }
      }
    }
  }
}
