import Bytes

/// A relocatable eBPF object file in borrowed memory: ELF64, little-endian, EM_BPF. System V ABI, chapter 4
///
/// Opening checks the header and that the table of section headers lies in the file. Everything else is checked when it
/// is asked for; a file may hold anything.
public struct ELFFile: ~Escapable {
  public let bytes: Span<UInt8>
  public let sectionCount: Int
  private let sectionTable: Int
  private let sectionNames: Int

  /// The largest section taken, in bytes: far more than a device has.
  public static let maximumSectionSize = 1 << 24

  @_lifetime(copy bytes)
  public init(_ bytes: Span<UInt8>) throws(ELFError) {
    typealias Header = ELFLayout.Header
    guard bytes.count >= 4, bytes.extracting(0..<4).holdsSameBytes(as: .elfMagic) else {
      throw ELFError(.notELF)
    }
    guard bytes.count >= Header.size else {
      throw ELFError(.truncatedHeader, found: UInt64(bytes.count), expected: UInt64(Header.size))
    }
    func require<T: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
      _ expected: T, at offset: Int, else rule: ELFError.Rule
    ) throws(ELFError) {
      let found: T = bytes.littleEndian(at: offset)
      guard found == expected else {
        throw ELFError(rule, found: UInt64(found), expected: UInt64(expected))
      }
    }
    try require(Header.class64, at: Header.classOffset, else: .unsupportedClass)
    try require(Header.littleEndian, at: Header.dataOffset, else: .unsupportedByteOrder)
    try require(Header.currentVersion, at: Header.identVersionOffset, else: .unsupportedVersion)
    try require(Header.relocatable, at: Header.typeOffset, else: .notRelocatable)
    try require(Header.machineBPF, at: Header.machineOffset, else: .wrongMachine)
    try require(UInt32(Header.currentVersion), at: Header.versionOffset, else: .unsupportedVersion)
    try require(
      UInt16(ELFLayout.Section.size), at: Header.sectionHeaderSizeOffset, else: .sectionHeaderSize)
    let offset: UInt64 = bytes.littleEndian(at: Header.sectionTableOffset)
    let count: UInt16 = bytes.littleEndian(at: Header.sectionCountOffset)
    let names: UInt16 = bytes.littleEndian(at: Header.sectionNamesOffset)
    let size = Int(count) * ELFLayout.Section.size
    guard let table = bytes.range(at: offset, count: UInt64(size)) else {
      throw ELFError(.sectionTableOutside, found: offset, expected: UInt64(bytes.count))
    }
    self.bytes = bytes
    sectionCount = Int(count)
    sectionTable = table.lowerBound
    sectionNames = Int(names)
  }

  /// A field of the header of section `index`, which there is.
  @inline(__always)
  private func field<T: FixedWidthInteger & BitwiseCopyable>(_ index: Int, _ offset: Int) -> T {
    let place = sectionTable &+ index &* ELFLayout.Section.size &+ offset
    // SAFETY: the table lies in the file and has a header for each section; every pattern of bits is an integer.
    return unsafe T(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: place, as: T.self))
  }

  /// The type of a section, read without checking anything else of it.
  ///
  /// - Precondition: there is a section with this number.
  public func type(ofSection index: Int) -> SectionType {
    precondition(index >= 0 && index < sectionCount)
    return SectionType(rawValue: field(index, ELFLayout.Section.typeOffset))
  }

  /// The section with number `index`.
  public func section(at index: Int) throws(ELFError) -> ELFSection {
    typealias Section = ELFLayout.Section
    guard index >= 0, index < sectionCount else {
      throw ELFError(
        .noSuchSection, found: UInt64(truncatingIfNeeded: index), expected: UInt64(sectionCount))
    }
    let type = SectionType(rawValue: field(index, Section.typeOffset))
    let offset: UInt64 = field(index, Section.fileOffset)
    let size: UInt64 = field(index, Section.sizeOffset)
    let alignment: UInt64 = field(index, Section.alignmentOffset)
    guard size <= UInt64(Self.maximumSectionSize) else {
      throw ELFError(.sectionTooLarge, at: index, found: size, expected: UInt64(Self.maximumSectionSize))
    }
    let hasBytes = type != .noBits && type != .null
    // No sum overflows: the size is small, and so is the file's.
    guard !hasBytes || offset <= UInt64(bytes.count) && offset &+ size <= UInt64(bytes.count) else {
      throw ELFError(.sectionOutside, at: index, found: offset, expected: UInt64(bytes.count))
    }
    guard alignment & (alignment &- 1) == 0 else { throw ELFError(.alignment, at: index, found: alignment) }
    return ELFSection(
      index: index, nameOffset: field(index, Section.nameOffset), type: type,
      flags: SectionFlags(rawValue: field(index, Section.flagsOffset)),
      offset: hasBytes ? Int(truncatingIfNeeded: offset) : 0,
      size: type == .null ? 0 : Int(truncatingIfNeeded: size), link: field(index, Section.linkOffset),
      info: field(index, Section.infoOffset), alignment: max(alignment, 1),
      entrySize: field(index, Section.entrySizeOffset))
  }

  /// The section with the number that stands in a field of the file.
  public func section(at index: UInt32) throws(ELFError) -> ELFSection {
    try section(at: Int(exactly: index) ?? .max)
  }

  /// The section's bytes; none for a section that takes no room in the file.
  @_lifetime(copy self)
  public func contents(of section: ELFSection) -> Span<UInt8> {
    bytes.extracting(section.fileRange)
  }

  /// The section's name, without its zero byte.
  @_lifetime(copy self)
  public func name(of section: ELFSection) throws(ELFError) -> Span<UInt8> {
    try string(at: section.nameOffset, in: StringTable(try self.section(at: sectionNames)))
  }

  /// The string at `offset` of a table, without its zero byte.
  @_lifetime(copy self)
  public func string(at offset: UInt32, in table: StringTable) throws(ELFError) -> Span<UInt8> {
    bytes.extracting(try range(ofStringAt: offset, in: table))
  }

  /// Where in the file the string at `offset` of a table stands, without its zero byte.
  func range(ofStringAt offset: UInt32, in table: StringTable) throws(ELFError) -> Range<Int> {
    guard let distance = Int(exactly: offset), distance < table.range.count else {
      throw ELFError(
        .nameOutside, at: table.index, found: UInt64(offset), expected: UInt64(table.range.count))
    }
    let start = table.range.lowerBound + distance
    var end = start
    while end < table.range.upperBound, bytes[end] != 0 { end += 1 }
    guard end < table.range.upperBound else {
      throw ELFError(
        .nameOutside, at: table.index, found: UInt64(offset), expected: UInt64(table.range.count))
    }
    return start..<end
  }
}

/// Strings that end with a zero byte. System V ABI, chapter 4, "String Table"
public struct StringTable: Equatable, Sendable {
  public let index: Int
  let range: Range<Int>

  public init(_ section: ELFSection) throws(ELFError) {
    try section.require(.stringTable)
    index = section.index
    range = section.fileRange
  }
}

extension ELFSection {
  func require(_ type: SectionType) throws(ELFError) {
    guard self.type == type else {
      throw ELFError(
        .sectionType, at: index, found: UInt64(self.type.rawValue), expected: UInt64(type.rawValue))
    }
  }

  /// How many entries of `size` bytes the section has.
  func entries(of size: Int) throws(ELFError) -> Int {
    guard entrySize == UInt64(size) else {
      throw ELFError(.entrySize, at: index, found: entrySize, expected: UInt64(size))
    }
    guard self.size % size == 0 else {
      throw ELFError(.partialEntry, at: index, found: UInt64(self.size), expected: UInt64(size))
    }
    return self.size / size
  }
}

extension Span<UInt8> {
  /// The range of `size` bytes at `offset` if it lies inside.
  func range(at offset: UInt64, count size: UInt64) -> Range<Int>? {
    let available = UInt64(count)
    guard offset <= available, size <= available - offset else { return nil }
    return Int(offset)..<Int(offset + size)
  }
}
