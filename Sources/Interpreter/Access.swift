import BPF
import Compartment

/// The number of `T`'s size at the address in `base` plus the instruction's offset; `nil` if it may not be read, the reason then
/// is in `stop`.
@inline(__always)
func load<T: FixedWidthInteger & BitwiseCopyable>(
  _ instruction: InstructionReference, _ base: RegisterReference, _ memory: borrowing CompartmentMemory,
  _ stop: inout Stop
) -> T? {
  let address = base.value &+ UInt64(bitPattern: Int64(instruction.offset))
  guard let pointer = unsafe memory.readable(at: address, count: UInt(T.bitWidth / 8)) else {
    stop.rule = .readOutside
    stop.address = address
    return nil
  }
  // SAFETY: as many bytes as `T` has were found readable, and nothing can have changed that since.
  return unsafe T(littleEndian: pointer.loadUnaligned(as: T.self))
}

/// Stores `value` at the address in `base` plus the instruction's offset. False if it may not be written, the reason then is in
/// `stop`.
@inline(__always)
func store<T: FixedWidthInteger & BitwiseCopyable>(
  _ value: T, _ instruction: InstructionReference, _ base: RegisterReference,
  _ memory: borrowing CompartmentMemory,
  _ stop: inout Stop
) -> Bool {
  let address = base.value &+ UInt64(bitPattern: Int64(instruction.offset))
  guard let pointer = unsafe memory.writable(at: address, count: UInt(T.bitWidth / 8)) else {
    stop.rule = .writeOutside
    stop.address = address
    return false
  }
  // SAFETY: as many bytes as `T` has were found writable, and nothing can have changed that since.
  unsafe pointer.storeBytes(of: value.littleEndian, as: T.self)
  return true
}
