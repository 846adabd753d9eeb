import Compartment

/// The number of `T`'s size at the address in `base` plus the step's offset; `nil` if it may not be read.
@unsafe @inline(__always)
func load<T: FixedWidthInteger & BitwiseCopyable>(
  _ step: StepReference, _ base: RegisterReference, _ bounds: AccessBounds, _ machine: inout Machine
) -> T? {
  let (address, offset) = (base.value, step.offset)
  guard let pointer = unsafe bounds.readable(from: address, offset: offset, count: UInt(T.bitWidth / 8))
  else {
    machine.refuse(.readOutside, address, offset)
    return nil
  }
  // SAFETY: as many bytes as `T` has were found readable, and nothing can have changed that since.
  return unsafe T(littleEndian: pointer.loadUnaligned(as: T.self))
}

/// Stores `value` at the address in `base` plus the step's offset. False if it may not be written.
@unsafe @inline(__always)
func store<T: FixedWidthInteger & BitwiseCopyable>(
  _ value: T, _ step: StepReference, _ base: RegisterReference, _ bounds: AccessBounds,
  _ machine: inout Machine
) -> Bool {
  let (address, offset) = (base.value, step.offset)
  guard let pointer = unsafe bounds.writable(from: address, offset: offset, count: UInt(T.bitWidth / 8))
  else {
    machine.refuse(.writeOutside, address, offset)
    return false
  }
  // SAFETY: as many bytes as `T` has were found writable, and nothing can have changed that since.
  unsafe pointer.storeBytes(of: value.littleEndian, as: T.self)
  return true
}
