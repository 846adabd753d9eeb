import BPF
import Bytes
import Helpers

// The layouts `femtoContainers` and `extended`: a header of little-endian 32-bit words, then data, constants, text, function
// symbols; in `extended` also records of calls, and the numbers of helpers up to the end. docs/images.md has the tables.

/// Numbers of both header layouts, for who reads and who writes them.
public enum HeaderLayout {
  /// The first word as the linker writes it.
  public static let magic: UInt32 = 123
  /// The bytes "rBPF", the first word of Femto-Containers' own tool.
  static let toolMagic: UInt32 = 0x4650_4272
  /// The first word according to Femto-Containers' C header.
  static let declaredMagic: UInt32 = 0x7242_5046

  /// Byte offsets of the words.
  static let version = 4
  static let flags = 8
  static let dataLength = 12
  static let rodataLength = 16
  static let textLength = 20
  static let functionCount = 24
  /// In `extended` only.
  static let callCount = 28

  /// Bytes of the header.
  static let size = 28
  static let extendedSize = 32

  /// Bytes of a function symbol: where its name is in the constants, flags, where it starts in the text; 16 bits each.
  static let functionSize = 6
  static let functionStart = 4
  /// Bytes of a record of a call: where it is in the text, and where the function; 32 bits each.
  static let callSize = 8
  static let callTarget = 4
}

/// The parts of an image with a header that are no segments.
struct ImageHeader {
  let layout: ImageLayout
  /// Where the function symbols start, and how many there are.
  let functions: Int
  let functionCount: Int
  /// Where the records of calls start, and how many there are.
  let calls: Int
  let callCount: Int
  /// Where the numbers of helpers start, which go on to the end.
  let helpers: Int

  /// Whether bytes start with a header. No text that a device would run starts so: whatever the first slot is, the second one
  /// has the opcode 0 or 1, and 0 is an instruction only behind a wide load, which none of the magic numbers is.
  static func starts(_ bytes: Span<UInt8>) -> Bool {
    guard bytes.count > HeaderLayout.flags, bytes[HeaderLayout.flags] <= 1 else { return false }
    let magic: UInt32 = bytes.littleEndian(at: 0)
    return magic == HeaderLayout.magic || magic == HeaderLayout.toolMagic
      || magic == HeaderLayout.declaredMagic
  }

  /// Reads the header and adds data, constants and text to the segments.
  init(_ bytes: Span<UInt8>, segments: inout SegmentTable) throws(ImageError) {
    func word(_ offset: Int) -> UInt32 { bytes.littleEndian(at: offset) }
    func require(_ size: UInt64) throws(ImageError) {
      guard size <= UInt64(bytes.count) else {
        throw .refused(.headerLength, found: Int64(bytes.count), expected: Int64(size))
      }
    }
    try require(UInt64(HeaderLayout.size))
    guard word(HeaderLayout.version) == 0 else {
      throw .refused(.headerVersion, found: Int64(word(HeaderLayout.version)))
    }
    guard word(HeaderLayout.flags) == 0 else {
      throw .refused(.headerFlags, found: Int64(word(HeaderLayout.flags)))
    }
    // At most ten times 2^32: no sum overflows. Once it is known to fit the image, it fits `Int` everywhere.
    let parts =
      UInt64(word(HeaderLayout.dataLength)) + UInt64(word(HeaderLayout.rodataLength))
      + UInt64(word(HeaderLayout.textLength))
      + UInt64(word(HeaderLayout.functionCount)) * UInt64(HeaderLayout.functionSize)
    try require(UInt64(HeaderLayout.size) + parts)
    let headerSize: Int
    // Nothing in the header says which of the two layouts it is; but the smaller one has an exact size.
    if bytes.count == HeaderLayout.size + Int(parts) {
      layout = .femtoContainers
      headerSize = HeaderLayout.size
      callCount = 0
    } else {
      layout = .extended
      headerSize = HeaderLayout.extendedSize
      try require(UInt64(headerSize) + parts)
      let count = UInt64(word(HeaderLayout.callCount))
      try require(UInt64(headerSize) + parts + count * UInt64(HeaderLayout.callSize))
      callCount = Int(count)
    }
    let rodata = headerSize + Int(word(HeaderLayout.dataLength))
    let text = rodata + Int(word(HeaderLayout.rodataLength))
    functions = text + Int(word(HeaderLayout.textLength))
    functionCount = Int(word(HeaderLayout.functionCount))
    calls = functions + functionCount * HeaderLayout.functionSize
    helpers = calls + callCount * HeaderLayout.callSize
    try segments.appendText(text..<functions)
    try segments.appendRodata(rodata..<text)
    try segments.appendData(headerSize..<rodata, alignment: 8)
  }
}

extension ProgramImage {
  /// The helpers whose numbers stand at the end of an `extended` image.
  func helpers(of header: ImageHeader) -> HelperSet? {
    guard header.layout == .extended else { return nil }
    return HelperSet(numbers: bytes.extracting(header.helpers..<bytes.count))
  }

  /// The slot at which the function called `name` starts.
  ///
  /// Names have no length. One ends at a zero, where the next function's name starts, or with the constants.
  func entry(named name: Span<UInt8>, in header: ImageHeader) throws(ImageError) -> Int? {
    let rodata = rodata
    for index in 0..<header.functionCount {
      let start = nameOffset(of: index, in: header)
      guard start <= rodata.count, name.count <= rodata.count - start else { continue }
      let end = start + name.count
      let isWhole =
        end == rodata.count || rodata[end] == 0
        || index + 1 < header.functionCount && nameOffset(of: index + 1, in: header) == end
      guard isWhole, rodata.extracting(start..<end).holdsSameBytes(as: name) else { continue }
      let symbol = header.functions + index * HeaderLayout.functionSize
      let place = Int(bytes.littleEndian(at: symbol + HeaderLayout.functionStart, as: UInt16.self))
      guard place % 8 == 0, place < segments.textSize else {
        throw .refused(.functionOutside, at: index, found: Int64(place))
      }
      return place / 8
    }
    return nil
  }

  private func nameOffset(of function: Int, in header: ImageHeader) -> Int {
    Int(bytes.littleEndian(at: header.functions + function * HeaderLayout.functionSize, as: UInt16.self))
  }

  /// Puts distances into the calls that have records, and gives wide loads the meaning they have in images without data.
  func resolve(
    _ header: ImageHeader, in instructions: inout MutableSpan<Instruction>
  ) throws(ImageError) {
    for index in 0..<header.callCount {
      let record = header.calls + index * HeaderLayout.callSize
      let place: UInt32 = bytes.littleEndian(at: record)
      let target: UInt32 = bytes.littleEndian(at: record + HeaderLayout.callTarget)
      guard place % 8 == 0, Int64(place) < Int64(segments.textSize) else {
        throw .refused(.relocationOutside, at: index, found: Int64(place), expected: Int64(segments.textSize))
      }
      guard target % 8 == 0, Int64(target) < Int64(segments.textSize) else {
        throw .refused(.callTarget, at: index, found: Int64(target))
      }
      let slot = Int(place) / 8
      // Compilers have left either kind of call for the linker.
      guard instructions[slot].operation == .callLocal || instructions[slot].operation == .callHelper else {
        throw .refused(
          .relocationMismatch, at: index, found: Int64(instructions[slot].operation.opcode))
      }
      instructions[slot] = Instruction(
        .callLocal, immediate: Int32(truncatingIfNeeded: Int(target) / 8 - slot - 1))
    }
    // micro-bpf's tool takes the load for data where strings are meant. Without data both start at the same place.
    guard segments.dataSize == 0 else { return }
    for slot in 0..<instructionCount where instructions[slot].operation == .lddwData {
      let load = instructions[slot]
      instructions[slot] = Instruction(
        .lddwRodata, destination: load.destination, immediate: load.immediate)
    }
  }
}
