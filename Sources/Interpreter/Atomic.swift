import BPF
import Compartment

/// Carries out an atomic operation on a number of `T`'s size. RFC 9669 §5.3. False if it failed; the reason is in `stop`.
///
/// Plain loads and stores do: nobody but this program reaches its arena while it runs.
@inline(never)
func atomic<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
  _ instruction: InstructionReference, _ registers: Registers, _: T.Type, memory: inout CompartmentMemory,
  stop: inout Stop
) -> Bool {
  let address = registers[instruction.destination].value &+ UInt64(bitPattern: Int64(instruction.offset))
  let source = registers[instruction.source]
  let operand = source.truncated(to: T.self)
  guard let pointer = unsafe memory.writable(at: address, count: UInt(T.bitWidth / 8)) else {
    stop.rule = .writeOutside
    stop.address = address
    return false
  }
  // SAFETY: as many bytes as `T` has were found writable, and nothing can have changed that before the store below.
  let old = unsafe pointer.loadUnaligned(as: T.self)
  let operation = instruction.operation
  let new: T =
    switch operation {
    case .atomicAdd32, .atomicAdd64, .atomicFetchAdd32, .atomicFetchAdd64: old &+ operand
    case .atomicOr32, .atomicOr64, .atomicFetchOr32, .atomicFetchOr64: old | operand
    case .atomicAnd32, .atomicAnd64, .atomicFetchAnd32, .atomicFetchAnd64: old & operand
    case .atomicXor32, .atomicXor64, .atomicFetchXor32, .atomicFetchXor64: old ^ operand
    case .cmpxchg32, .cmpxchg64: old == registers[.r0].truncated(to: T.self) ? operand : old
    default: operand
    }
  unsafe pointer.storeBytes(of: new, as: T.self)
  if operation == .cmpxchg32 || operation == .cmpxchg64 {
    registers[.r0].value = UInt64(old)
  } else if operation.writesSource {
    source.value = UInt64(old)
  }
  return true
}
