public import ELF

/// Writes relocatable eBPF object files: ELF64, little-endian, EM_BPF. System V ABI, chapter 4
///
/// Sections and symbols get their numbers when they are added. Local symbols have to be added before all others.
public struct ObjectWriter {
  /// What is known of a section before it has a place.
  private struct Section {
    var name: String
    var type: SectionType
    var flags: SectionFlags = []
    var contents: [UInt8] = []
    /// Bytes of a section without contents.
    var zeros = 0
    var link = 0
    var info = 0
    var alignment = 1
    var entrySize = 0
  }

  private struct Symbol {
    var name: String
    var type: SymbolType
    var binding: SymbolBinding
    var section: UInt16
    var value: UInt64
    var size: UInt64
  }

  private struct Relocation {
    var offset: UInt64
    var type: RelocationType
    var symbol: UInt32
    var addend: Int64?
  }

  private var sections = [Section(name: "", type: .null)]
  private var symbols = [Symbol(name: "", type: .none, binding: .local, section: 0, value: 0, size: 0)]
  private var relocations: [Int: [Relocation]] = [:]

  public init() {}

  /// Adds a section and returns its number.
  public mutating func addSection(
    _ name: String, type: SectionType = .programBits, flags: SectionFlags, contents: [UInt8],
    alignment: Int = 8
  ) -> Int {
    sections.append(
      Section(name: name, type: type, flags: flags, contents: contents, alignment: alignment))
    return sections.count - 1
  }

  /// Adds a section of zeros that take no room in the file, and returns its number.
  public mutating func addZeros(_ name: String, size: Int, alignment: Int = 8) -> Int {
    sections.append(
      Section(name: name, type: .noBits, flags: [.allocated, .writable], zeros: size, alignment: alignment))
    return sections.count - 1
  }

  /// Adds a symbol and returns its number. Section 0 makes it undefined.
  public mutating func addSymbol(
    _ name: String, type: SymbolType = .none, binding: SymbolBinding = .global, section: Int = 0,
    value: Int = 0, size: Int = 0
  ) -> Int {
    symbols.append(
      Symbol(
        name: name, type: type, binding: binding, section: UInt16(section), value: UInt64(value),
        size: UInt64(size)))
    return symbols.count - 1
  }

  /// Adds the symbol that stands for a section itself, and returns its number.
  public mutating func addSectionSymbol(_ section: Int) -> Int {
    addSymbol("", type: .section, binding: .local, section: section)
  }

  /// Adds a relocation of `section`. Either all relocations of a section carry their addend or none does.
  public mutating func addRelocation(
    in section: Int, at offset: Int, _ type: RelocationType, symbol: Int, addend: Int64? = nil
  ) {
    relocations[section, default: []].append(
      Relocation(offset: UInt64(offset), type: type, symbol: UInt32(symbol), addend: addend))
  }

  /// The file.
  public func bytes() -> [UInt8] {
    var sections = self.sections
    var strings = StringTableBuilder()
    let nameOfTable = ".strtab"
    let tableNumber = sections.count + relocations.count
    let hasSymbols = symbols.count > 1
    for (target, entries) in relocations.sorted(by: { $0.key < $1.key }) {
      sections.append(relocationSection(entries, of: target, symbolTable: tableNumber))
    }
    // Longest first, so that a name which ends like another one needs no room of its own.
    let names = sections.map(\.name) + symbols.map(\.name) + [nameOfTable, hasSymbols ? ".symtab" : ""]
    for name in names.sorted(by: { $0.utf8.count > $1.utf8.count }) { _ = strings.offset(of: name) }
    if hasSymbols {
      var table = LittleEndianBytes()
      for symbol in symbols {
        table.append(UInt32(strings.offset(of: symbol.name)))
        table.append(symbol.binding.rawValue << 4 | symbol.type.rawValue)
        table.append(UInt8(0))
        table.append(symbol.section)
        table.append(symbol.value)
        table.append(symbol.size)
      }
      sections.append(
        Section(
          name: ".symtab", type: .symbolTable, contents: table.bytes, link: sections.count + 1,
          info: symbols.firstIndex { $0.binding != .local } ?? symbols.count, alignment: 8,
          entrySize: ELFLayout.Symbol.size))
    }
    sections.append(Section(name: nameOfTable, type: .stringTable, contents: strings.bytes))
    return file(of: sections, strings: &strings)
  }

  private func relocationSection(
    _ entries: [Relocation], of target: Int, symbolTable: Int
  ) -> Section {
    let hasAddends = entries.contains { $0.addend != nil }
    var table = LittleEndianBytes()
    for entry in entries {
      table.append(entry.offset)
      table.append(UInt64(entry.symbol) << 32 | UInt64(entry.type.rawValue))
      if hasAddends { table.append(UInt64(bitPattern: entry.addend ?? 0)) }
    }
    return Section(
      name: (hasAddends ? ".rela" : ".rel") + sections[target].name,
      type: hasAddends ? .relocationsWithAddends : .relocations, flags: .infoLink, contents: table.bytes,
      link: symbolTable, info: target, alignment: 8,
      entrySize: hasAddends ? ELFLayout.Relocation.sizeWithAddend : ELFLayout.Relocation.size)
  }

  private func file(of sections: [Section], strings: inout StringTableBuilder) -> [UInt8] {
    var body: [UInt8] = []
    var headers = LittleEndianBytes()
    for section in sections {
      let offset = (ELFLayout.Header.size + body.count).rounded(upTo: min(section.alignment, 8))
      if section.type != .noBits && section.type != .null {
        body += [UInt8](repeating: 0, count: offset - ELFLayout.Header.size - body.count) + section.contents
      }
      headers.append(UInt32(strings.offset(of: section.name)))
      headers.append(section.type.rawValue)
      headers.append(section.flags.rawValue)
      headers.append(UInt64(0))
      headers.append(UInt64(section.type == .null ? 0 : offset))
      headers.append(UInt64(section.contents.count + section.zeros))
      headers.append(UInt32(section.link))
      headers.append(UInt32(section.info))
      headers.append(UInt64(section.type == .null ? 0 : section.alignment))
      headers.append(UInt64(section.entrySize))
    }
    let table = (ELFLayout.Header.size + body.count).rounded(upTo: 8)
    body += [UInt8](repeating: 0, count: table - ELFLayout.Header.size - body.count)
    var header = LittleEndianBytes(StaticString.elfMagic.withUTF8Buffer(Array.init))
    header.append(ELFLayout.Header.class64)
    header.append(ELFLayout.Header.littleEndian)
    header.append(ELFLayout.Header.currentVersion)
    header.bytes += [UInt8](repeating: 0, count: ELFLayout.Header.typeOffset - header.bytes.count)
    header.append(ELFLayout.Header.relocatable)
    header.append(ELFLayout.Header.machineBPF)
    header.append(UInt32(ELFLayout.Header.currentVersion))
    header.append(UInt64(0))
    header.append(UInt64(0))
    header.append(UInt64(table))
    header.append(UInt32(0))
    header.append(UInt16(ELFLayout.Header.size))
    header.append(UInt16(0))
    header.append(UInt16(0))
    header.append(UInt16(ELFLayout.Section.size))
    header.append(UInt16(sections.count))
    header.append(UInt16(sections.count - 1))
    return header.bytes + body + headers.bytes
  }
}

/// Strings that end with a zero byte, each once.
private struct StringTableBuilder {
  private(set) var bytes: [UInt8] = [0]

  /// Where the string stands; it is added unless it does, or is the end of one that does.
  mutating func offset(of string: String) -> Int {
    let wanted = Array(string.utf8) + [0]
    for start in 0...max(bytes.count - wanted.count, 0) where bytes[start...].starts(with: wanted) {
      return start
    }
    defer { bytes += wanted }
    return bytes.count
  }
}

struct LittleEndianBytes {
  var bytes: [UInt8]

  init(_ bytes: [UInt8] = []) {
    self.bytes = bytes
  }

  mutating func append<T: FixedWidthInteger & UnsignedInteger>(_ value: T) {
    for index in 0..<T.bitWidth / 8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * index))) }
  }
}

extension Int {
  /// The smallest multiple of `alignment`, a power of two, that is not below.
  func rounded(upTo alignment: Int) -> Int { (self + alignment - 1) & -alignment }
}
