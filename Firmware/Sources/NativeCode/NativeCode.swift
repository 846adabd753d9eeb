import CCortexM
import Interpreter
public import JIT
public import Platform

/// Runs compiled programs on this processor.
public struct ThumbProcessor: NativeProcessor {
  private init() {}

  public static var current: ThumbProcessor? { ThumbProcessor() }

  public var routines: NativeRoutines {
    NativeRoutines(
      checkRead: (
        native_check_read_1_address(), native_check_read_2_address(), native_check_read_4_address(),
        native_check_read_8_address()
      ),
      checkWrite: (
        native_check_write_1_address(), native_check_write_2_address(), native_check_write_4_address(),
        native_check_write_8_address()
      ),
      trap: native_trap_address(), callHelper: native_call_helper_address(),
      callNumbered: native_call_numbered_address(), divide: native_divide_address())
  }

  public func synchronize() {
    cpu_synchronize()
  }

  public func run(_ run: NativeRun, call: (NativeCall) -> NativeReply) -> NativeOutcome {
    var state = native_run(
      context: run.context, context_length: run.contextLength, stack_top: run.stackTop, arena: run.arena,
      arena_size: run.arenaSize, rodata: run.rodata, rodata_size: run.rodataSize, code: run.code + run.entry,
      code_size: run.codeSize - run.entry, host_stack: 0, stack: 0, rule: 0, site: 0, address: 0, position: 0,
      arguments: nil, result: 0)
    native_set_budget(run.milliseconds)
    // SAFETY: the code is what the compiler made, and it finds all that it relies on in `state`, whose address is used
    // during these calls and, by the routines that the code calls, while it runs.
    return unsafe withUnsafeMutablePointer(to: &state) { state in
      var pause = native_enter(state, (run.code + run.entry) | 1)
      while true {
        let reply: NativeReply
        switch pause {
        case native_pause_returned: return .returned(state.pointee.result)
        case native_pause_helper:
          reply = call(
            .helper(
              position: UInt8(truncatingIfNeeded: state.pointee.position), arguments(of: state, from: 0)))
        case native_pause_numbered:
          reply = call(.numbered(state.pointee.arguments?[0] ?? 0, arguments(of: state, from: 1)))
        default:
          let rule = Trap.Rule(rawValue: UInt8(truncatingIfNeeded: state.pointee.rule)) ?? .invalidOperation
          return stopped(state, run, rule, address: UInt64(state.pointee.address))
        }
        switch reply {
        case .result(let result):
          guard native_is_budget_spent() == 0 else { return stopped(state, run, .budgetSpent, address: 0) }
          pause = native_resume(state, result)
        case .stop(let rule, let address): return stopped(state, run, rule, address: address)
        }
      }
    }
  }
}

/// The values of r1 to r5, which stand from the `first` word of 64 bits on. The program's stack holds them until it goes on.
private func arguments(of run: UnsafeMutablePointer<native_run>, from first: Int) -> HelperArguments {
  guard let words = unsafe run.pointee.arguments else { return HelperArguments() }
  return unsafe HelperArguments(
    r1: words[first], r2: words[first + 1], r3: words[first + 2], r4: words[first + 3], r5: words[first + 4])
}

private func stopped(
  _ state: UnsafeMutablePointer<native_run>, _ run: NativeRun, _ rule: Trap.Rule, address: UInt64
) -> NativeOutcome {
  // Return addresses have bit 0 set.
  let end = unsafe state.pointee.site & ~1
  return .stopped(rule, site: Int(truncatingIfNeeded: end &- run.code), address: address)
}
