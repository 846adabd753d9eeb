import CCortexM
import Interpreter

/// What the interpreter asks of the system, in the lowest byte of r0. Above stands the index of its instruction, and in r3 the
/// number of instructions run.
enum InterpreterReport: UInt8 {
  /// r0 of the program is its result.
  case returned
  /// Rule in r1, address in r2. Of a spent budget, it goes on with as many instructions as r0 says then.
  case trapped
  /// The position of the helper in r1.
  case helper
  /// The number of the helper in r1 and r2.
  case numbered
}

/// The address of what a thread with an interpreted program runs.
func interpreterEntry() -> UInt32 {
  program_interpreter_address()
}

/// Runs on the program's thread, without privileges: everything it reaches is the program's, or flash.
@c(program_interpreter)
func interpretProgram(_ memory: UnsafeMutableRawPointer) {
  // SAFETY: `ThumbThreads.start` has put one there.
  let run = unsafe memory.assumingMemoryBound(to: Interpretation.self)
  while true {
    let pause = unsafe run.pointee.advance()
    let place = UInt32(truncatingIfNeeded: unsafe run.pointee.index) << 16
    let executed = UInt32(truncatingIfNeeded: unsafe run.pointee.executed)
    switch pause {
    case .returned: _ = report(.returned, place, 0, 0, executed)
    case .helper(let position): _ = report(.helper, place, UInt32(position), 0, executed)
    case .numbered(let number):
      _ = report(
        .numbered, place, UInt32(truncatingIfNeeded: number), UInt32(truncatingIfNeeded: number >> 32),
        executed)
    case .trapped(let trap):
      let more = report(
        .trapped, place, UInt32(trap.rule.rawValue), UInt32(truncatingIfNeeded: trap.address), executed)
      unsafe run.pointee.allow(Int(more))
    }
  }
}

@inline(__always)
private func report(
  _ what: InterpreterReport, _ place: UInt32, _ first: UInt32, _ second: UInt32, _ executed: UInt32
) -> UInt32 {
  program_report(place | UInt32(what.rawValue), first, second, executed)
}
