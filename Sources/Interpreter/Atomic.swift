import BPF
import Compartment

/// Carries out an atomic operation on a number of `T`'s size. RFC 9669 §5.3. False if memory may not be written.
///
/// Plain loads and stores do: nobody but this program reaches its arena while it runs.
@unsafe @inline(never)
func atomic<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
  _ step: StepReference, _: T.Type, _ bounds: AccessBounds, _ machine: inout Machine
) -> Bool {
  let (address, offset) = (step.destination.value, step.offset)
  let (source, r0) = (step.operand.register, machine.registers[.r0])
  let operand = T(truncatingIfNeeded: source.value)
  guard let pointer = unsafe bounds.writable(from: address, offset: offset, count: UInt(T.bitWidth / 8))
  else {
    machine.refuse(.writeOutside, address, offset)
    return false
  }
  // SAFETY: as many bytes as `T` has were found writable, and nothing can have changed that before the store below.
  let old = unsafe pointer.loadUnaligned(as: T.self)
  let operation = step.operation
  let new: T =
    switch operation {
    case .atomicAdd32, .atomicAdd64, .atomicFetchAdd32, .atomicFetchAdd64: old &+ operand
    case .atomicOr32, .atomicOr64, .atomicFetchOr32, .atomicFetchOr64: old | operand
    case .atomicAnd32, .atomicAnd64, .atomicFetchAnd32, .atomicFetchAnd64: old & operand
    case .atomicXor32, .atomicXor64, .atomicFetchXor32, .atomicFetchXor64: old ^ operand
    case .cmpxchg32, .cmpxchg64: old == T(truncatingIfNeeded: r0.value) ? operand : old
    default: operand
    }
  unsafe pointer.storeBytes(of: new, as: T.self)
  if operation == .cmpxchg32 || operation == .cmpxchg64 {
    r0.value = UInt64(old)
  } else if operation.writesSource {
    source.value = UInt64(old)
  }
  return true
}
