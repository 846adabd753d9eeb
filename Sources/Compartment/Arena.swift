import Bytes

/// Why a program does not fit an arena.
public enum ArenaError: Error, Equatable, Sendable {
  /// A program has one to eight stack frames.
  case frameCount(found: Int)
  /// A size is negative.
  case negativeSize(Int)
  /// Stack, data, bss and context together need more bytes than the arena has.
  case doesNotFit(needed: Int, available: Int)
}

/// The memory one program instance may write: stack frames at the bottom, then data, bss, and a window for the context.
///
/// It lies in a block of memory whose size is a power of two and whose address is divisible by that, so that one region of a
/// memory protection unit covers it. The block may begin with a stack for the thread that the program runs on, which is not
/// part of the arena.
public struct Arena: ~Copyable {
  /// Bytes of one stack frame. RFC 9669 sets none; this is what LLVM's BPF target assumes.
  public static let frameSize = 512
  /// How deep functions may call each other, the first one included.
  public static let maximumFrames = 8
  /// The smallest arena, in bytes.
  public static let minimumSize = 1024

  private var buffer: Buffer
  /// Bytes at the start of the block that are not the arena's.
  private let stackSize: Int
  /// Bytes that the program laid out by the last `prepare` may use, from the start of the arena on.
  public private(set) var size: Int
  /// Stack frames laid out by the last `prepare`.
  public private(set) var frames = 0
  private var dataOffset = 0
  private var dataSize = 0
  private var bssOffset = 0
  private var contextOffset = 0
  private var contextSize = 0

  /// Takes a block of `size` bytes, a power of two, of which the first `stackSize` are left to the thread. The rest is the arena:
  /// at least `minimumSize`.
  public init(size: Int, stackSize: Int = 0) {
    precondition(stackSize >= 0 && size - stackSize >= Self.minimumSize && size & (size - 1) == 0)
    buffer = Buffer(count: size, alignment: size)
    self.stackSize = stackSize
    self.size = size - stackSize
  }

  /// Bytes of the whole arena.
  public var capacity: Int { buffer.count - stackSize }
  /// The arena and the thread's stack below it.
  public var block: MemoryRegion { MemoryRegion(address: buffer.address, size: UInt(buffer.count)) }

  /// Lays the whole arena out for a program and sets every byte to zero. Sizes are in bytes; each part starts at a multiple
  /// of 8. When it throws, the arena is as before.
  public mutating func prepare(
    frames: Int, dataSize: Int, bssSize: Int, contextSize: Int
  ) throws(ArenaError) {
    try prepare(
      frames: frames, dataSize: dataSize, bssSize: bssSize, contextSize: contextSize, size: capacity)
  }

  /// Does so with only the first `size` bytes, which are not more than the arena has.
  public mutating func prepare(
    frames: Int, dataSize: Int, bssSize: Int, contextSize: Int, size: Int
  ) throws(ArenaError) {
    precondition(size <= capacity)
    let (bssOffset, contextOffset) = try offsets(
      frames: frames, dataSize: dataSize, bssSize: bssSize, contextSize: contextSize, within: size)
    let dataOffset = frames * Self.frameSize
    self.size = size
    self.frames = frames
    self.dataOffset = dataOffset
    self.dataSize = dataSize
    self.bssOffset = bssOffset
    self.contextOffset = contextOffset
    self.contextSize = contextSize
    buffer.clear()
  }

  /// Whether `prepare` could do this, and where the data section would start.
  public func dataAddress(
    frames: Int, dataSize: Int, bssSize: Int, contextSize: Int
  ) throws(ArenaError) -> UInt64 {
    _ = try offsets(
      frames: frames, dataSize: dataSize, bssSize: bssSize, contextSize: contextSize, within: capacity)
    return address + UInt64(frames * Self.frameSize)
  }

  /// Where bss and context start.
  private func offsets(
    frames: Int, dataSize: Int, bssSize: Int, contextSize: Int, within limit: Int
  ) throws(ArenaError) -> (bss: Int, context: Int) {
    guard frames >= 1, frames <= Self.maximumFrames else { throw .frameCount(found: frames) }
    let bssOffset = try end(of: dataSize, at: frames * Self.frameSize, within: limit)
    let contextOffset = try end(of: bssSize, at: bssOffset, within: limit)
    _ = try end(of: contextSize, at: contextOffset, within: limit)
    return (bssOffset, contextOffset)
  }

  /// The first multiple of 8 behind `size` bytes at `offset`, which is within `limit` or at most 4 KiB beyond it.
  private func end(of size: Int, at offset: Int, within limit: Int) throws(ArenaError) -> Int {
    guard size >= 0 else { throw .negativeSize(size) }
    let (needed, overflow) = offset.addingReportingOverflow(size)
    guard !overflow, needed <= limit else {
      throw .doesNotFit(needed: overflow ? .max : needed, available: limit)
    }
    return (needed + 7) & ~7
  }

  /// The address of the first byte of the arena.
  public var address: UInt64 { UInt64(buffer.address) + UInt64(stackSize) }
  /// The end of the first function's frame: its r10.
  public var stackTop: UInt64 { address + UInt64(dataOffset) }
  public var dataAddress: UInt64 { address + UInt64(dataOffset) }
  public var bssAddress: UInt64 { address + UInt64(bssOffset) }
  public var contextAddress: UInt64 { address + UInt64(contextOffset) }

  /// The data section, to be filled from the image.
  public var data: MutableSpan<UInt8> {
    @_lifetime(&self)
    mutating get { part(at: dataOffset, count: dataSize) }
  }

  /// The context window, to be filled before and read after a run.
  public var context: MutableSpan<UInt8> {
    @_lifetime(&self)
    mutating get { part(at: contextOffset, count: contextSize) }
  }

  /// The context window, to be read.
  public var contextBytes: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      let start = stackSize + contextOffset
      return buffer.span.extracting(start..<start + contextSize)
    }
  }

  /// Fills the data section from its start.
  public mutating func fillData(from bytes: Span<UInt8>) {
    var data = data
    for index in bytes.indices { data[index] = bytes[index] }
  }

  /// Fills the context window.
  public mutating func fillContext(from bytes: Span<UInt8>) {
    var context = context
    for index in bytes.indices { context[index] = bytes[index] }
  }

  @_lifetime(&self)
  private mutating func part(at offset: Int, count: Int) -> MutableSpan<UInt8> {
    buffer.mutableSpan._consumingExtracting(stackSize + offset..<stackSize + offset + count)
  }

  /// The program's view: this arena to read and write, `rodata` to read.
  @_lifetime(&self, copy rodata)
  public mutating func memory(rodata: Span<UInt8>) -> CompartmentMemory {
    let (frames, stackTop, dataAddress) = (frames, stackTop, dataAddress)
    let range = stackSize..<stackSize + size
    return CompartmentMemory(
      arena: buffer.mutableSpan._consumingExtracting(range), rodata: rodata, frames: frames,
      stackTop: stackTop, dataAddress: dataAddress)
  }
}
