/// Memory of fixed size and alignment, taken once at start and owned by one place.
///
/// The portable modules allocate nothing else: everything that has to outlive a call stands in a `Buffer`.
@safe
public struct Buffer: ~Copyable {
  // SAFETY: `memory` is allocated and zeroed in `init`, freed in `deinit` alone, and never replaced, so every
  // span made from it is valid for as long as the borrow of `self` that its lifetime names.
  private let memory: UnsafeMutableBufferPointer<UInt8>

  /// Takes `count` bytes, all zero, at an address divisible by `alignment` (a power of two).
  public init(count: Int, alignment: Int = 8) {
    precondition(count > 0 && alignment > 0 && alignment & (alignment - 1) == 0)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: alignment)
    unsafe memory = UnsafeMutableBufferPointer(
      start: raw.initializeMemory(as: UInt8.self, repeating: 0, count: count), count: count)
  }

  deinit {
    unsafe memory.deallocate()
  }

  public var count: Int { unsafe memory.count }

  /// The address of the first byte, as programs see it.
  public var address: UInt { unsafe UInt(bitPattern: memory.baseAddress) }

  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let span = unsafe Span(_unsafeElements: memory)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  public var mutableSpan: MutableSpan<UInt8> {
    @_lifetime(&self)
    mutating get {
      let span = unsafe MutableSpan(_unsafeElements: memory)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  /// The bytes of `range`, for writing.
  ///
  /// - Precondition: the range lies inside the buffer.
  @_lifetime(&self)
  public mutating func mutableSlice(_ range: Range<Int>) -> MutableSpan<UInt8> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    let span = unsafe MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(rebasing: memory[range]))
    return unsafe _overrideLifetime(span, mutating: &self)
  }

  /// Sets every byte to zero.
  public mutating func clear() {
    unsafe memory.update(repeating: 0)
  }
}
