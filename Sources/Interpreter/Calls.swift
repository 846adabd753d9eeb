import BPF
import Compartment
import Helpers

/// The helper with this number if it exists and is granted; else the reason is in `stop`.
@inline(never)
func helper(numbered number: UInt64, granted: HelperSet, stop: inout Stop) -> Helper? {
  guard let byte = UInt8(exactly: number), let helper = Helper(rawValue: byte) else {
    stop.rule = .unknownHelper
    stop.address = number
    return nil
  }
  guard granted.contains(helper) else {
    stop.rule = .helperNotGranted
    stop.address = number
    return nil
  }
  return helper
}

/// Lets the host carry out `helper` and puts the result into r0. False if it failed; the reason is in `stop`.
@inline(never)
func call<Host: HelperHost & ~Copyable>(
  _ helper: Helper, _ registers: Registers, memory: inout CompartmentMemory, host: inout Host,
  stop: inout Stop
) -> Bool {
  let arguments = HelperArguments(
    r1: registers[.r1].value, r2: registers[.r2].value, r3: registers[.r3].value, r4: registers[.r4].value,
    r5: registers[.r5].value)
  do throws(HelperFault) {
    registers[.r0].value = try host.call(helper, arguments, &memory)
    return true
  } catch {
    stop.rule = .helperFault
    stop.address = error.address
    stop.fault = error
    return false
  }
}
