import BPF
import Compartment
import Helpers

extension Machine {
  /// Lets the host carry out a helper and puts the result into r0.
  ///
  /// - Returns: whether the program may go on; if not, a trap has been noted.
  @inline(never)
  mutating func call<Host: HelperHost & ~Copyable>(
    _ helper: Helper, memory: inout CompartmentMemory, host: inout Host
  ) -> Bool {
    let arguments = HelperArguments(
      r1: registers[.r1].value, r2: registers[.r2].value, r3: registers[.r3].value,
      r4: registers[.r4].value, r5: registers[.r5].value)
    do throws(HelperFault) {
      registers[.r0].value = try host.call(helper, arguments, &memory)
      return true
    } catch {
      trap(.helperFault, error.address)
      fault = error
      return false
    }
  }

  /// The helper with this number if it exists and is granted; else a trap has been noted.
  mutating func helper(numbered number: UInt64, granted: HelperSet) -> Helper? {
    guard let byte = UInt8(exactly: number), let helper = Helper(rawValue: byte) else {
      trap(.unknownHelper, number)
      return nil
    }
    guard granted.contains(helper) else {
      trap(.helperNotGranted, number)
      return nil
    }
    return helper
  }
}
