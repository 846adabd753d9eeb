import Bytes
import ELF

/// An object file with everything that linking looks at, read once.
struct ObjectFile {
  struct Section {
    var name: String
    var header: ELFSection
    var contents: [UInt8]
    var relocations: [ELFRelocation] = []
  }

  struct Symbol {
    var name: String
    var entry: ELFSymbol
  }

  private(set) var sections: [Section] = []
  private(set) var symbols: [Symbol] = []

  init(_ bytes: [UInt8]) throws(ELFError) {
    let file = try ELFFile(bytes.span)
    for index in 0..<file.sectionCount {
      let header = try file.section(at: index)
      let name = header.type == .null ? "" : String(copying: try file.name(of: header))
      sections.append(
        Section(name: name, header: header, contents: [UInt8](copying: file.contents(of: header))))
    }
    if let table = try file.symbolTable() {
      for index in 0..<table.count {
        let symbol = try file.symbol(at: index, in: table)
        symbols.append(Symbol(name: String(copying: try file.name(of: symbol, in: table)), entry: symbol))
      }
    }
    for index in sections.indices {
      guard let table = try file.relocationTable(in: sections[index].header) else { continue }
      let target = try file.section(at: table.target)
      guard target.flags.contains(.allocated) else { continue }
      for number in 0..<table.count {
        let relocation = try file.relocation(at: number, in: table)
        guard Int(relocation.symbol) < symbols.count else {
          throw ELFError(
            .noSuchSymbol, at: index, found: UInt64(relocation.symbol), expected: UInt64(symbols.count))
        }
        sections[target.index].relocations.append(relocation)
      }
    }
  }
}

extension [UInt8] {
  init(copying bytes: Span<UInt8>) {
    self.init()
    reserveCapacity(bytes.count)
    for index in bytes.indices { append(bytes[index]) }
  }
}

extension String {
  init(copying bytes: Span<UInt8>) {
    self.init(decoding: [UInt8](copying: bytes), as: UTF8.self)
  }
}
