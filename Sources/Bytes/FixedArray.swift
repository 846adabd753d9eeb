/// Elements of fixed number and alignment, taken once at start and owned by one place.
///
/// The portable modules allocate nothing else: everything that has to outlive a call stands in one of these.
@safe
public struct FixedArray<Element: BitwiseCopyable>: ~Copyable {
  // SAFETY: `memory` is allocated and filled in `init`, freed in `deinit` alone, and never replaced, so every
  // span made from it is valid for as long as the borrow of `self` that its lifetime names.
  private let memory: UnsafeMutableBufferPointer<Element>

  /// Takes `count` elements at an address divisible by `alignment`, a power of two in bytes.
  public init(repeating element: Element, count: Int, alignment: Int = 8) {
    precondition(count > 0 && alignment > 0 && alignment & (alignment - 1) == 0)
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: count * MemoryLayout<Element>.stride, alignment: alignment)
    unsafe memory = UnsafeMutableBufferPointer(
      start: raw.initializeMemory(as: Element.self, repeating: element, count: count), count: count)
  }

  deinit {
    unsafe memory.deallocate()
  }

  public var count: Int { unsafe memory.count }

  /// The address of the first element, as programs see it.
  public var address: UInt { unsafe UInt(bitPattern: memory.baseAddress) }

  public var span: Span<Element> {
    @_lifetime(borrow self)
    get {
      let span = unsafe Span(_unsafeElements: memory)
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  public var mutableSpan: MutableSpan<Element> {
    @_lifetime(&self)
    mutating get {
      let span = unsafe MutableSpan(_unsafeElements: memory)
      return unsafe _overrideLifetime(span, mutating: &self)
    }
  }

  /// The elements of `range`, for writing.
  ///
  /// - Precondition: the range lies inside the array.
  @_lifetime(&self)
  public mutating func mutableSlice(_ range: Range<Int>) -> MutableSpan<Element> {
    precondition(range.lowerBound >= 0 && range.upperBound <= count)
    let span = unsafe MutableSpan(_unsafeElements: UnsafeMutableBufferPointer(rebasing: memory[range]))
    return unsafe _overrideLifetime(span, mutating: &self)
  }
}

/// Memory of fixed size and alignment.
public typealias Buffer = FixedArray<UInt8>

extension FixedArray<UInt8> {
  /// Takes `count` bytes, all zero, at an address divisible by `alignment`, a power of two.
  public init(count: Int, alignment: Int = 8) {
    self.init(repeating: 0, count: count, alignment: alignment)
  }

  /// Sets every byte to zero.
  public mutating func clear() {
    var bytes = mutableSpan
    bytes.clear()
  }
}

extension MutableSpan<UInt8> {
  /// Sets every byte to zero.
  public mutating func clear() {
    // SAFETY: the bytes of the span, each written once. The C library's filling is several times faster than a loop.
    unsafe withUnsafeMutableBufferPointer { bytes in unsafe bytes.update(repeating: 0) }
  }
}
