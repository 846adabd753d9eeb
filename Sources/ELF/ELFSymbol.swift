import Bytes

/// What a symbol stands for. An open set: any number may stand in a file.
public struct SymbolType: RawRepresentable, Equatable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  public static let none = Self(rawValue: 0)
  public static let object = Self(rawValue: 1)
  public static let function = Self(rawValue: 2)
  public static let section = Self(rawValue: 3)
  public static let file = Self(rawValue: 4)
}

/// Who sees a symbol. An open set: any number may stand in a file.
public struct SymbolBinding: RawRepresentable, Equatable, Sendable {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  public static let local = Self(rawValue: 0)
  public static let global = Self(rawValue: 1)
  public static let weak = Self(rawValue: 2)
}

/// A symbol as it stands in the file.
public struct ELFSymbol: Equatable, Sendable {
  /// Where its name starts in the string table of its symbol table; 0 when it has none.
  public let nameOffset: UInt32
  public let type: SymbolType
  public let binding: SymbolBinding
  /// Number of the section it is defined in, or one of the numbers below.
  public let section: UInt16
  /// In a relocatable file the offset in its section.
  public let value: UInt64
  /// Bytes it occupies, 0 when unknown.
  public let size: UInt64

  /// Number of the section of undefined symbols (SHN_UNDEF).
  public static let undefined: UInt16 = 0
  /// The lowest number that is no section's (SHN_LORESERVE).
  public static let firstReserved: UInt16 = 0xFF00
}

/// A symbol table section. System V ABI, chapter 4, "Symbol Table"
public struct SymbolTable: Equatable, Sendable {
  /// Number of the section.
  public let index: Int
  /// How many symbols there are; the first one means "none".
  public let count: Int
  let offset: Int
  let names: UInt32
}

extension ELFFile {
  /// The file's first symbol table; `nil` when it has none.
  public func symbolTable() throws(ELFError) -> SymbolTable? {
    for index in 0..<sectionCount {
      let section = try section(at: index)
      if section.type == .symbolTable { return try symbolTable(in: section) }
    }
    return nil
  }

  /// The symbol table that a section holds.
  public func symbolTable(in section: ELFSection) throws(ELFError) -> SymbolTable {
    try section.require(.symbolTable)
    let count = try section.entries(of: ELFLayout.Symbol.size)
    return SymbolTable(index: section.index, count: count, offset: section.offset, names: section.link)
  }

  public func symbol(at index: Int, in table: SymbolTable) throws(ELFError) -> ELFSymbol {
    typealias Symbol = ELFLayout.Symbol
    guard index >= 0, index < table.count else {
      throw ELFError(
        .noSuchSymbol, at: table.index, found: UInt64(truncatingIfNeeded: index),
        expected: UInt64(table.count))
    }
    let base = table.offset + index * Symbol.size
    let info: UInt8 = bytes.littleEndian(at: base + Symbol.infoOffset)
    return ELFSymbol(
      nameOffset: bytes.littleEndian(at: base + Symbol.nameOffset), type: SymbolType(rawValue: info & 0x0F),
      binding: SymbolBinding(rawValue: info >> 4),
      section: bytes.littleEndian(at: base + Symbol.sectionOffset),
      value: bytes.littleEndian(at: base + Symbol.valueOffset),
      size: bytes.littleEndian(at: base + Symbol.sizeOffset))
  }

  /// The symbol's name, without its zero byte.
  @_lifetime(copy self)
  public func name(of symbol: ELFSymbol, in table: SymbolTable) throws(ELFError) -> Span<UInt8> {
    bytes.extracting(try nameRange(of: symbol, in: table))
  }

  /// Whether the symbol is called `name`. Takes a time that depends on the length of `name` alone.
  public func hasName(
    _ name: Span<UInt8>, _ symbol: ELFSymbol, in table: SymbolTable
  ) throws(ELFError) -> Bool {
    let strings = bytes.extracting(try StringTable(section(at: table.names)).range)
    guard let start = Int(exactly: symbol.nameOffset), start < strings.count,
      name.count < strings.count - start, strings[start + name.count] == 0
    else { return false }
    return strings.extracting(start..<start + name.count).holdsSameBytes(as: name)
  }

  /// Where in the file the symbol's name stands, without its zero byte.
  public func nameRange(of symbol: ELFSymbol, in table: SymbolTable) throws(ELFError) -> Range<Int> {
    try range(ofStringAt: symbol.nameOffset, in: StringTable(try section(at: table.names)))
  }
}
