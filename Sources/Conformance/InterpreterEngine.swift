import Compartment
import Helpers
import Interpreter
import Runtime
import Verifier

/// The interpreter on this machine, in a compartment of its own for each program.
public struct InterpreterEngine: ConformanceEngine {
  /// Instructions after which a program is stopped.
  public let budget: Int

  public init(budget: Int = 10_000_000) {
    self.budget = budget
  }

  public var name: String { "interpreter on this machine" }

  public func run(_ image: [UInt8], memory: [UInt8]) -> EngineOutcome {
    var compartment = ProgramCompartment(arenaBytes: 64 * 1024, instructionCapacity: 65_536)
    var host = NoHelpers()
    do throws(LoadError) {
      let outcome = try compartment.run(image.span, context: memory.span, budget: budget, host: &host)
      switch outcome.result {
      case .returned(let value): return .returned(value)
      case .trapped(let trap) where trap.rule == .unknownHelper:
        return .calledUnknownHelper(number: trap.address, index: trap.index)
      case .trapped(let trap): return .failed("trap \(trap.rule) at \(trap.index), address \(trap.address)")
      }
    } catch {
      guard case .refused(let refusal) = error, refusal.rule == .unknownHelper else {
        return .failed("\(error)")
      }
      return .calledUnknownHelper(number: UInt64(bitPattern: refusal.found), index: refusal.index)
    }
  }
}

/// The suite wants none of the product's helpers.
private struct NoHelpers: HelperHost {
  mutating func call(
    _ helper: Helper, _ arguments: HelperArguments, _ memory: inout CompartmentMemory
  ) throws(HelperFault) -> UInt64 {
    throw HelperFault(.unavailable)
  }
}
