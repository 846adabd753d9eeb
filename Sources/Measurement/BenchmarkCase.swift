public import Bytes

/// What runs a kernel.
public enum BenchmarkEngine: UInt32, CaseIterable, Sendable {
  /// Machine code that a C compiler made, called as a function.
  case native = 1
  /// An image, interpreted.
  case interpreter = 2
  /// An image, compiled with checks.
  case checked = 3
  /// An image, compiled for the memory protection unit.
  case hardware = 4
  /// No kernel: what threads cost.
  case threads = 5
}

/// Why a block of memory holds no case.
public enum BenchmarkCaseError: Error, Equatable, Sendable {
  /// The magic number is missing.
  case absent
  case unknownEngine(UInt32)
  /// It is cut off.
  case truncated(OutOfBounds)
  /// The context has another size after the run than before.
  case contextSize(before: Int, after: Int)
}

/// A kernel with its input and what has to come out: what the host lays into a board's memory for it to measure.
///
/// Layout, little endian: magic (4 bytes), engine (4), whether the outcome is known (4), result (8), sizes of program, context before and context after
/// (4 each), then these three.
public struct BenchmarkCase: ~Escapable {
  /// "uBms".
  public static let magic: UInt32 = 0x736d_4275

  public let engine: BenchmarkEngine
  /// Whether `result` and `contextAfter` say what has to come out. If not, what the first run gives is told.
  public let isOutcomeKnown: Bool
  /// The number the kernel has to return.
  public let result: UInt64
  /// The image; of native code, which has a place of its own, nothing.
  public let program: Span<UInt8>
  /// What the kernel is given a pointer to.
  public let context: Span<UInt8>
  /// What it leaves there.
  public let contextAfter: Span<UInt8>

  /// - Precondition: a span has fewer than 2^32 bytes.
  @_lifetime(copy program, copy context, copy contextAfter)
  public init(
    engine: BenchmarkEngine, isOutcomeKnown: Bool, result: UInt64, program: Span<UInt8>,
    context: Span<UInt8>, contextAfter: Span<UInt8>
  ) {
    self.engine = engine
    self.isOutcomeKnown = isOutcomeKnown
    self.result = result
    self.program = program
    self.context = context
    self.contextAfter = contextAfter
  }

  /// Reads a case. What stands behind it is ignored.
  @_lifetime(copy block)
  public init(_ block: Span<UInt8>) throws(BenchmarkCaseError) {
    var reader = ByteReader(block)
    guard (try? reader.readLittleEndian(UInt32.self)) == Self.magic else { throw .absent }
    let number: UInt32
    do throws(OutOfBounds) {
      number = try reader.readLittleEndian()
      isOutcomeKnown = try reader.readLittleEndian(UInt32.self) != 0
      result = try reader.readLittleEndian()
      let programSize: UInt32 = try reader.readLittleEndian()
      let sizeBefore: UInt32 = try reader.readLittleEndian()
      let sizeAfter: UInt32 = try reader.readLittleEndian()
      program = try reader.read(Int(truncatingIfNeeded: programSize))
      context = try reader.read(Int(truncatingIfNeeded: sizeBefore))
      contextAfter = try reader.read(Int(truncatingIfNeeded: sizeAfter))
    } catch {
      throw .truncated(error)
    }
    guard let engine = BenchmarkEngine(rawValue: number) else { throw .unknownEngine(number) }
    self.engine = engine
    guard context.count == contextAfter.count else {
      throw .contextSize(before: context.count, after: contextAfter.count)
    }
  }

  /// Whether this is what has to come out; anything is, when that is not known.
  public func accepts(_ result: UInt64?, _ contextAfter: Span<UInt8>) -> Bool {
    guard let result else { return false }
    return !isOutcomeKnown || result == self.result && contextAfter.holdsSameBytes(as: self.contextAfter)
  }

  /// Bytes of the whole block.
  public var byteCount: Int { 32 + program.count + context.count + contextAfter.count }

  /// Writes the block.
  public func write(into output: inout ByteWriter) throws(OutOfBounds) {
    try output.writeLittleEndian(Self.magic)
    try output.writeLittleEndian(engine.rawValue)
    try output.writeLittleEndian(isOutcomeKnown ? 1 as UInt32 : 0)
    try output.writeLittleEndian(result)
    try output.writeLittleEndian(UInt32(program.count))
    try output.writeLittleEndian(UInt32(context.count))
    try output.writeLittleEndian(UInt32(contextAfter.count))
    try output.write(program)
    try output.write(context)
    try output.write(contextAfter)
  }
}

/// Where a board that measures finds things: in its code memory, far behind the firmware.
public enum BenchmarkMemory {
  public static let caseAddress: UInt = 0x0020_0000
  public static let caseBytes = 0x0010_0000
  /// A function that returns at once, to find out what calling costs.
  public static let emptyFunctionAddress: UInt = 0x0030_0000
  /// The kernel's function.
  public static let functionAddress: UInt = 0x0030_0010
}
