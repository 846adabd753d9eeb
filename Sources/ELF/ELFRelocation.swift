import Bytes

/// How a relocation changes its place, by the numbers of LLVM's BPF target. An open set: any number may stand in a file.
public struct RelocationType: RawRepresentable, Equatable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// R_BPF_64_64: the 64-bit number of a wide load.
  public static let wideLoad = Self(rawValue: 1)
  /// R_BPF_64_ABS64: eight bytes of data.
  public static let absolute64 = Self(rawValue: 2)
  /// R_BPF_64_ABS32: four bytes of data.
  public static let absolute32 = Self(rawValue: 3)
  /// R_BPF_64_32: the distance of a local call.
  public static let call = Self(rawValue: 10)
}

/// A place that has to know where a symbol ended up.
public struct ELFRelocation: Equatable, Sendable {
  /// The place, as an offset in the section that the table belongs to.
  public let offset: UInt64
  public let type: RelocationType
  /// Number of the symbol in the table's symbol table.
  public let symbol: UInt32
  /// What to add to the symbol's value; `nil` when it stands at the place itself.
  public let addend: Int64?
}

/// A section of relocations, with addends (RELA) or without (REL). System V ABI, chapter 4, "Relocation"
public struct RelocationTable: Equatable, Sendable {
  /// Number of the section.
  public let index: Int
  public let count: Int
  /// Number of the section that the relocations change.
  public let target: UInt32
  /// Number of the section with the symbols.
  public let symbols: UInt32
  let offset: Int
  let hasAddends: Bool

  var entrySize: Int { Self.entrySize(hasAddends: hasAddends) }

  static func entrySize(hasAddends: Bool) -> Int {
    hasAddends ? ELFLayout.Relocation.sizeWithAddend : ELFLayout.Relocation.size
  }
}

extension ELFFile {
  /// The relocations in the section with this number; `nil` when it is of another type. Nothing else of such a section is
  /// checked.
  ///
  /// - Precondition: there is a section with this number.
  @inline(never)
  public func relocationTable(at index: Int) throws(ELFError) -> RelocationTable? {
    let type = type(ofSection: index)
    guard type == .relocations || type == .relocationsWithAddends else { return nil }
    return try relocationTable(in: try section(at: index))
  }

  /// The relocations in a section; `nil` when it is of another type.
  public func relocationTable(in section: ELFSection) throws(ELFError) -> RelocationTable? {
    guard section.type == .relocations || section.type == .relocationsWithAddends else { return nil }
    let hasAddends = section.type == .relocationsWithAddends
    return RelocationTable(
      index: section.index,
      count: try section.entries(of: RelocationTable.entrySize(hasAddends: hasAddends)),
      target: section.info, symbols: section.link, offset: section.offset, hasAddends: hasAddends)
  }

  public func relocation(at index: Int, in table: RelocationTable) throws(ELFError) -> ELFRelocation {
    typealias Relocation = ELFLayout.Relocation
    guard index >= 0, index < table.count else {
      throw ELFError(
        .noSuchRelocation, at: table.index, found: UInt64(truncatingIfNeeded: index),
        expected: UInt64(table.count))
    }
    let base = table.offset + index * table.entrySize
    let info: UInt64 = bytes.littleEndian(at: base + Relocation.infoOffset)
    let addend: UInt64? = table.hasAddends ? bytes.littleEndian(at: base + Relocation.addendOffset) : nil
    return ELFRelocation(
      offset: bytes.littleEndian(at: base + Relocation.targetOffset),
      type: RelocationType(rawValue: UInt32(truncatingIfNeeded: info)),
      symbol: UInt32(truncatingIfNeeded: info >> 32), addend: addend.map { Int64(bitPattern: $0) })
  }
}
