/// What a section holds. An open set: any number may stand in a file.
public struct SectionType: RawRepresentable, Equatable, Sendable {
  public let rawValue: UInt32

  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  public static let null = Self(rawValue: 0)
  /// SHT_PROGBITS: bytes whose meaning the program knows.
  public static let programBits = Self(rawValue: 1)
  public static let symbolTable = Self(rawValue: 2)
  public static let stringTable = Self(rawValue: 3)
  /// SHT_RELA.
  public static let relocationsWithAddends = Self(rawValue: 4)
  /// SHT_NOBITS: zeros that take no room in the file.
  public static let noBits = Self(rawValue: 8)
  /// SHT_REL.
  public static let relocations = Self(rawValue: 9)
}

public struct SectionFlags: OptionSet, Sendable {
  public let rawValue: UInt64

  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  /// SHF_WRITE.
  public static let writable = Self(rawValue: 0x1)
  /// SHF_ALLOC: part of the running program.
  public static let allocated = Self(rawValue: 0x2)
  /// SHF_EXECINSTR.
  public static let executable = Self(rawValue: 0x4)
  /// SHF_MERGE.
  public static let mergeable = Self(rawValue: 0x10)
  /// SHF_STRINGS.
  public static let strings = Self(rawValue: 0x20)
  /// SHF_INFO_LINK.
  public static let infoLink = Self(rawValue: 0x40)
}

/// A section header whose place and size have been checked.
public struct ELFSection: Equatable, Sendable {
  /// Its number, which symbols and other sections refer to.
  public let index: Int
  /// Where its name starts in the table of section names.
  public let nameOffset: UInt32
  public let type: SectionType
  public let flags: SectionFlags
  /// Where its bytes start in the file.
  public let offset: Int
  /// Its size in bytes, in the file too unless the type is `noBits`.
  public let size: Int
  /// Number of the section that its type refers to, for instance the symbol table of relocations.
  public let link: UInt32
  /// Of relocations the number of the section they change.
  public let info: UInt32
  /// What its address has to be divisible by: a power of two.
  public let alignment: UInt64
  /// Size in bytes of its entries; 0 when it has none.
  public let entrySize: UInt64

  /// The bytes of the file it occupies.
  public var fileRange: Range<Int> { offset..<(type == .noBits ? offset : offset + size) }
}
