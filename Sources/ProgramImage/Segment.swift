/// Where a part of a program is at run time.
enum Region: UInt8 {
  /// Instructions: never addressed as memory.
  case text
  /// Stays in the image, read there.
  case rodata
  /// Copied from the image to writable memory.
  case data
  /// Zeros behind the data.
  case zeros
}

/// A part of a program: bytes of the image, or zeros, and their place in a region.
struct Segment {
  /// Number of the ELF section; 0 in layouts without sections.
  var section: UInt16
  var region: Region
  /// Where its bytes start in the image.
  var fileOffset: Int
  /// In bytes.
  var size: Int
  /// Its offset in its region, in bytes. The zeros count from the start of the data.
  var place: Int

  var fileRange: Range<Int> { fileOffset..<(region == .zeros ? fileOffset : fileOffset + size) }
}

/// All parts of a program, in the order of their places.
struct SegmentTable: ~Copyable {
  /// More bytes than any compartment has: a bound that keeps sums within the integers of a small device.
  static let maximumRegionSize = 1 << 24

  // A linked image has at most four parts, what a compiler makes of a small source a dozen.
  private var segments = InlineArray<32, Segment>(
    repeating: Segment(section: 0, region: .text, fileOffset: 0, size: 0, place: 0))
  private(set) var count = 0
  private(set) var textSize = 0
  private var dataEnd = 0
  /// Bytes of the zeros behind it.
  private(set) var zerosSize = 0
  /// What the address of the data has to be divisible by.
  private(set) var dataAlignment = 8
  /// The bytes of the image from the first to the last read-only part.
  private(set) var rodataRange = 0..<0

  /// Bytes of the data, a multiple of 8.
  var dataSize: Int { (dataEnd + 7) & -8 }

  // Inlined, and through a span, as the whole table would be copied for a call.
  subscript(index: Int) -> Segment { @inline(__always) get { segments.span[index] } }

  /// Adds bytes of the image as the next instructions.
  mutating func appendText(_ range: Range<Int>, section: UInt16 = 0) throws(ImageError) {
    guard range.count % 8 == 0 else {
      throw .refused(.partialInstruction, at: Int(section), found: Int64(range.count))
    }
    let place = textSize
    textSize = try grown(textSize, by: range.count, section)
    try append(.text, range.lowerBound, range.count, section, place)
  }

  /// Adds bytes of the image that the program reads where they are.
  mutating func appendRodata(_ range: Range<Int>, section: UInt16 = 0) throws(ImageError) {
    if rodataRange.isEmpty {
      rodataRange = range
    } else if !range.isEmpty {
      rodataRange =
        min(rodataRange.lowerBound, range.lowerBound)..<max(rodataRange.upperBound, range.upperBound)
    }
    try append(.rodata, range.lowerBound, range.count, section, 0)
  }

  /// Adds bytes of the image to be copied to writable memory. Comes before the zeros.
  mutating func appendData(
    _ range: Range<Int>, alignment: UInt64, section: UInt16 = 0
  ) throws(ImageError) {
    let place = try aligned(dataEnd, to: alignment, section)
    dataEnd = try grown(place, by: range.count, section)
    try append(.data, range.lowerBound, range.count, section, place)
  }

  /// Adds zeros. Comes after all data.
  mutating func appendZeros(_ size: Int, alignment: UInt64, section: UInt16 = 0) throws(ImageError) {
    let place = try aligned(dataSize + zerosSize, to: alignment, section)
    zerosSize = try grown(place, by: size, section) - dataSize
    try append(.zeros, 0, size, section, place)
  }

  /// Where the segment made of a section stands in the table.
  func index(ofSection section: UInt32) -> Int? {
    for index in 0..<count where UInt32(segments.span[index].section) == section { return index }
    return nil
  }

  /// The offset of a segment in its region; of one without bytes it may be negative.
  func place(of segment: Segment) -> Int {
    segment.region == .rodata ? segment.fileOffset - rodataRange.lowerBound : segment.place
  }

  private mutating func append(
    _ region: Region, _ offset: Int, _ size: Int, _ section: UInt16, _ place: Int
  ) throws(ImageError) {
    guard count < segments.count else {
      throw .refused(.tooManySegments, at: Int(section), expected: Int64(segments.count))
    }
    let segment = Segment(section: section, region: region, fileOffset: offset, size: size, place: place)
    for index in 0..<count where segment.fileRange.overlaps(segments.span[index].fileRange) {
      throw .refused(.overlappingSections, at: Int(section), found: Int64(segments.span[index].section))
    }
    segments[count] = segment
    count += 1
  }

  /// `offset` and `size` are not negative and at most the image's size or `maximumRegionSize`.
  private func grown(_ offset: Int, by size: Int, _ section: UInt16) throws(ImageError) -> Int {
    guard offset <= Self.maximumRegionSize, size <= Self.maximumRegionSize - offset else {
      throw .refused(
        .regionTooLarge, at: Int(section), found: Int64(offset) + Int64(size),
        expected: Int64(Self.maximumRegionSize))
    }
    return offset + size
  }

  private mutating func aligned(
    _ offset: Int, to alignment: UInt64, _ section: UInt16
  ) throws(ImageError) -> Int {
    guard alignment <= UInt64(ProgramImage.maximumDataAlignment) else {
      throw .refused(
        .alignmentTooLarge, at: Int(section), found: Int64(clamping: alignment),
        expected: Int64(ProgramImage.maximumDataAlignment))
    }
    let alignment = Int(alignment)
    dataAlignment = max(dataAlignment, alignment)
    return (offset + alignment - 1) & -alignment
  }
}
