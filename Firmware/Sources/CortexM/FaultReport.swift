import CCortexM
import _Volatile

/// Where a fault report goes, one byte at a time. Set by the board before anything can fault.
nonisolated(unsafe) public var faultConsole: (UInt8) -> Void = { _ in }

/// What happens after a fault has been reported. The board may replace it, for instance to end an emulated machine.
nonisolated(unsafe) public var afterFault: () -> Never = { Processor.reset() }

/// Called by the exception entry with what the core pushed: says what happened and where, then restarts.
@c(cortexm_report_fault)
public func reportFault(_ frame: UnsafePointer<exception_frame>, _ exception: UInt32, _ excReturn: UInt32)
  -> Never
{
  let status = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_ED28).load()
  let hardStatus = VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_ED2C).load()
  write("\nFAULT: ")
  write(name(ofException: exception))
  let causes = causes
  for index in causes.indices where causes[index].bit & (causes[index].isHard ? hardStatus : status) != 0 {
    write(", ")
    write(causes[index].name)
  }
  // MMARVALID and BFARVALID say whether the address registers hold this fault's address (B3.2.15).
  if status & 1 << 7 != 0 {
    write(" at address ")
    write(hexadecimal: faultAddress)
  } else if status & 1 << 15 != 0 {
    write(" at address ")
    write(hexadecimal: VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_ED38).load())
  }
  if isStackExhausted(status) { write(": the stack is exhausted") }
  write("\n  pc ")
  // MSTKERR, MLSPERR, STKERR, LSPERR: the frame could not be pushed, there is none to read.
  if status & 0x3030 == 0 {
    write(hexadecimal: unsafe frame.pointee.pc)
    write(" lr ")
    write(hexadecimal: unsafe frame.pointee.lr)
    write(" xpsr ")
    write(hexadecimal: unsafe frame.pointee.xpsr)
  } else {
    write("unknown: the stack pointer was bad")
  }
  write("\n  cfsr ")
  write(hexadecimal: status)
  write(" hfsr ")
  write(hexadecimal: hardStatus)
  write("\n")
  afterFault()
}

/// MMFAR.
private var faultAddress: UInt32 { VolatileMappedRegister<UInt32>(unsafeBitPattern: 0xE000_ED34).load() }

/// Whether the guard below the system's stack was touched, or the core could not push a frame (MSTKERR).
private func isStackExhausted(_ status: UInt32) -> Bool {
  let guardBytes: UInt32 = 1024
  return status & 1 << 4 != 0 || status & 1 << 7 != 0 && faultAddress &- cortexm_heap_limit() < guardBytes
}

private struct Cause {
  let bit: UInt32
  let name: StaticString
  var isHard = false
}

/// Bits of the configurable fault status register (ARM DDI 0403, B3.2.15) and of the hard fault's (B3.2.16).
private var causes: InlineArray<16, Cause> {
  [
    Cause(bit: 1 << 0, name: "instruction fetch refused by the memory protection"),
    Cause(bit: 1 << 1, name: "access refused by the memory protection"),
    Cause(bit: 1 << 3, name: "bad stack on exception return"),
    Cause(bit: 1 << 4, name: "bad stack on exception entry"),
    Cause(bit: 1 << 8, name: "instruction bus error"),
    Cause(bit: 1 << 9, name: "bus error"),
    Cause(bit: 1 << 10, name: "imprecise bus error"),
    Cause(bit: 1 << 11, name: "bus error on exception return"),
    Cause(bit: 1 << 12, name: "bus error on exception entry"),
    Cause(bit: 1 << 16, name: "undefined instruction (a failed runtime check ends here)"),
    Cause(bit: 1 << 17, name: "not in Thumb state"),
    Cause(bit: 1 << 18, name: "bad exception return"),
    Cause(bit: 1 << 19, name: "no coprocessor"),
    Cause(bit: 1 << 24, name: "unaligned access"),
    Cause(bit: 1 << 25, name: "division by zero"),
    Cause(bit: 1 << 1, name: "vector table could not be read", isHard: true),
  ]
}

private func name(ofException number: UInt32) -> StaticString {
  switch number {
  case 2: "non-maskable interrupt"
  case 3: "hard fault"
  case 4: "memory management fault"
  case 5: "bus fault"
  case 6: "usage fault"
  default: "unexpected exception or interrupt"
  }
}

private func write(_ text: StaticString) {
  // SAFETY: a literal's bytes are valid for as long as the program.
  for byte in unsafe UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount) {
    faultConsole(byte)
  }
}

private func write(hexadecimal value: UInt32) {
  write("0x")
  for shift in stride(from: UInt32(28), through: 0, by: -4) {
    let digit = UInt8(value >> shift & 15)
    faultConsole(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
  }
}
