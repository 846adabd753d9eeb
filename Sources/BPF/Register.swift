/// The registers of a program: ten of 64 bits, and r10, the read-only address of the end of the stack frame.
public enum Register: UInt8, BitwiseCopyable, CaseIterable, Sendable {
  case r0, r1, r2, r3, r4, r5, r6, r7, r8, r9, r10
}
