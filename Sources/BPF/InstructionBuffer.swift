/// Room for decoded programs, taken once at start.
@safe
public struct InstructionBuffer: ~Copyable {
  // SAFETY: `memory` is allocated and filled in `init`, freed in `deinit` alone, and never replaced, so every span
  // made from it is valid for as long as the borrow of `self` that its lifetime names.
  private let memory: UnsafeMutableBufferPointer<Instruction>

  /// Takes room for `capacity` slots.
  public init(capacity: Int) {
    precondition(capacity > 0)
    unsafe memory = .allocate(capacity: capacity)
    unsafe memory.initialize(repeating: Instruction(.exit))
  }

  deinit {
    unsafe memory.deallocate()
  }

  public var capacity: Int { unsafe memory.count }

  public var span: Span<Instruction> {
    @_lifetime(borrow self)
    get {
      let span = unsafe Span(_unsafeElements: memory)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  public var mutableSpan: MutableSpan<Instruction> {
    @_lifetime(&self)
    mutating get {
      let span = unsafe MutableSpan(_unsafeElements: memory)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }
}
