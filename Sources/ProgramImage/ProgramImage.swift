public import BPF
import Bytes
import ELF
public import Helpers

/// How a program is packed.
public enum ImageLayout: UInt8, CaseIterable, Sendable {
  /// Instructions of eight bytes and nothing else.
  case text = 0
  /// Femto-Containers' header, then data, constants, instructions and names of functions.
  case femtoContainers = 1
  /// That, and behind it calls to be resolved and the helpers that the program may call.
  case extended = 2
  /// A relocatable ELF object file.
  case elf = 3
}

/// A program in borrowed memory, whatever its layout. The bytes are never changed: they may stand in flash.
///
/// Programs do not know where they are. A wide load of an address becomes one of Femto-Containers' two (`lddwData`,
/// `lddwRodata`), whose number is an offset in a region; an engine adds the region's address when it runs. Only pointers
/// among the data hold addresses, so the data is made when they are known (`initialise`).
///
/// Any bytes may come in. The work is bounded: besides reading its bytes once, opening compares each part of the program
/// (at most 32) with the others, and each relocation, of which there is at most one for every 8 bytes, looks for one part.
public struct ProgramImage: ~Copyable, ~Escapable {
  /// The function that runs when nobody asks for another one.
  public static var entryName: StaticString { "program" }

  public private(set) var layout: ImageLayout
  /// Where the program starts, as the index of a slot: in an object file the function called `program`, else the first slot.
  public private(set) var entry = 0
  let bytes: Span<UInt8>
  private(set) var elf: ELFFile?
  private var header: ImageHeader?
  var segments = SegmentTable()

  /// Opens an image and finds its parts. The layout is told by the first bytes, which are those of no text that could run.
  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>) throws(ImageError) {
    self.bytes = bytes
    layout = .text
    elf = nil
    header = nil
    try open(bytes)
  }

  /// The rest of opening, in place: an initialiser that may throw makes the value elsewhere and copies it.
  @inline(never)
  @_lifetime(self: copy bytes)
  private mutating func open(_ bytes: Span<UInt8>) throws(ImageError) {
    if bytes.count >= 4 && bytes.extracting(0..<4).holdsSameBytes(as: .elfMagic) {
      let file: ELFFile
      do throws(ELFError) { file = try ELFFile(bytes) } catch { throw .elf(error) }
      layout = .elf
      elf = file
      try addSegments(of: file)
      entry = try entry(named: Self.entryName.bytes, in: file) ?? 0
    } else if ImageHeader.starts(bytes) {
      let read = try ImageHeader(bytes, segments: &segments)
      layout = read.layout
      header = read
    } else {
      try segments.appendText(0..<bytes.count)
    }
    guard segments.textSize > 0 else { throw .refused(.noText) }
  }

  /// Slots of the text.
  public var instructionCount: Int { segments.textSize / 8 }

  /// The bytes that the program may read where they are in the image.
  public var rodata: Span<UInt8> {
    @_lifetime(copy self)
    get { bytes.extracting(segments.rodataRange) }
  }

  /// Bytes of writable memory that start with values, a multiple of 8.
  public var dataSize: Int { segments.dataSize }

  /// Bytes of writable memory that start as zeros, directly behind the data.
  public var bssSize: Int { segments.zerosSize }

  /// The largest alignment data may ask for: its memory starts behind stack frames of this size.
  public static var maximumDataAlignment: Int { 512 }

  /// What the address of the data has to be divisible by: a power of two, 8 to `maximumDataAlignment`.
  public var dataAlignment: Int { segments.dataAlignment }

  /// The helpers that the image itself says it may call; `nil` when the layout has no place for that.
  public var grantedHelpers: HelperSet? { header.flatMap { helpers(of: $0) } }

  /// Where the function with this name starts, as the index of a slot; `nil` when there is none.
  public func entry(named name: Span<UInt8>) throws(ImageError) -> Int? {
    if let elf { return try entry(named: name, in: elf) }
    if let header { return try entry(named: name, in: header) }
    return nil
  }

  /// Decodes the text, with everything that is independent of addresses resolved.
  ///
  /// - Parameter buffer: room for at least `instructionCount` instructions; what comes behind them is left alone.
  /// - Returns: `instructionCount`.
  /// - Throws: `ImageError` for slots that are no instruction, relocations that cannot be done, a buffer too small. The
  ///   buffer then holds no program.
  public func decode(into buffer: inout MutableSpan<Instruction>) throws(ImageError) -> Int {
    let count = instructionCount
    guard count <= buffer.count else {
      throw .refused(.textBufferTooSmall, found: Int64(buffer.count), expected: Int64(count))
    }
    for index in 0..<segments.count {
      let segment = segments[index]
      guard segment.region == .text else { continue }
      let first = segment.place / 8
      let text = bytes.extracting(segment.fileRange)
      let decoded = Instruction.decode(text, into: &buffer, at: first)
      guard decoded == segment.size / 8 else {
        throw .instruction(Instruction.error(of: text.littleEndian(at: decoded * 8)), slot: first + decoded)
      }
    }
    if let elf { try relocateText(of: elf, in: &buffer) }
    if let header { try resolve(header, in: &buffer) }
    return count
  }

  /// Fills the writable memory: the data from the image with its pointers, everything else with zeros.
  ///
  /// - Parameters:
  ///   - data: at least `dataSize` bytes; the zeros of the program may be part of it.
  ///   - dataAddress: where the program sees `data`, divisible by `dataAlignment`.
  ///   - rodataAddress: where the program sees `rodata`.
  /// - Throws: `ImageError` for relocations that cannot be done and for memory too small or not aligned.
  public func initialise(
    data: inout MutableSpan<UInt8>, dataAddress: UInt64, rodataAddress: UInt64
  ) throws(ImageError) {
    guard dataSize <= data.count else {
      throw .refused(.dataBufferTooSmall, found: Int64(data.count), expected: Int64(dataSize))
    }
    guard dataSize == 0 || dataAddress & UInt64(dataAlignment - 1) == 0 else {
      throw .refused(
        .misalignedData, found: Int64(truncatingIfNeeded: dataAddress), expected: Int64(dataAlignment))
    }
    for index in data.indices { data[index] = 0 }
    for index in 0..<segments.count {
      let segment = segments[index]
      guard segment.region == .data else { continue }
      for offset in 0..<segment.size { data[segment.place + offset] = bytes[segment.fileOffset + offset] }
    }
    if let elf {
      try relocateData(of: elf, in: &data, dataAddress: dataAddress, rodataAddress: rodataAddress)
    }
  }
}
