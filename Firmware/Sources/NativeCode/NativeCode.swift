import CCortexM
import Compartment
import Helpers
public import Interpreter
public import JIT

/// Runs compiled programs on this processor.
public enum NativeProcessor {
  /// The routines of the device that compiled code calls.
  public static var routines: NativeRoutines {
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

  /// Has to be called after code was written, before it runs.
  public static func synchronize() {
    cpu_synchronize()
  }
}

/// How a run of compiled code ended.
public struct NativeOutcome {
  public var returned: UInt64
  /// `nil` when the program returned.
  public var rule: Trap.Rule?
  /// Where in the code it was stopped: bytes from its start, behind the instruction.
  public var site: UInt32
  public var address: UInt32
}

/// What a run starts with, in the device's addresses.
public struct NativeStart {
  public var context, contextLength, stackTop: UInt32
  public var arena, arenaSize: UInt32
  public var rodata, rodataSize: UInt32

  public init(
    context: UInt32, contextLength: UInt32, stackTop: UInt32, arena: UInt32, arenaSize: UInt32,
    rodata: UInt32, rodataSize: UInt32
  ) {
    self.context = context
    self.contextLength = contextLength
    self.stackTop = stackTop
    self.arena = arena
    self.arenaSize = arenaSize
    self.rodata = rodata
    self.rodataSize = rodataSize
  }
}

/// Runs code that `JIT.compile` made for these regions.
///
/// - Parameters:
///   - code: the address of its entry.
///   - start: what it starts with.
///   - call: carries out a helper by its position.
///   - callNumbered: carries out a helper by its number, which stands before its arguments.
/// - Returns: how it ended.
public func runNative(
  code: UInt32, _ start: NativeStart,
  call: @convention(c) (UnsafeMutablePointer<native_run>, UInt32, UnsafePointer<UInt64>) -> UInt64,
  callNumbered: @convention(c) (UnsafeMutablePointer<native_run>, UInt32, UnsafePointer<UInt64>) -> UInt64
) -> NativeOutcome {
  var run = native_run(
    context: start.context, context_length: start.contextLength, stack_top: start.stackTop,
    arena: start.arena, arena_size: start.arenaSize, rodata: start.rodata, rodata_size: start.rodataSize,
    stack: 0, rule: 0, site: 0, address: 0, call: call, call_numbered: callNumbered)
  let returned = unsafe native_enter(&run, code | 1)
  return NativeOutcome(
    returned: returned, rule: Trap.Rule(rawValue: UInt8(truncatingIfNeeded: run.rule)),
    site: run.site &- code, address: run.address)
}
