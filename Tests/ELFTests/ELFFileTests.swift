import Bytes
import ELF
import Testing
import Toolchain

/// An object file with a section of each kind that matters here.
struct Sample {
  var bytes: [UInt8]
  static let text = 1
  static let data = 2
  static let zeros = 3
  static let textRelocations = 4
  static let dataRelocations = 5
  static let symbols = 6
  static let strings = 7

  init() {
    var writer = ObjectWriter()
    let text = writer.addSection(
      ".text", flags: [.allocated, .executable], contents: .init(repeating: 0x95, count: 24))
    let data = writer.addSection(
      ".data", flags: [.allocated, .writable], contents: .init(repeating: 7, count: 16))
    _ = writer.addZeros(".bss", size: 100, alignment: 4)
    let section = writer.addSectionSymbol(data)
    let function = writer.addSymbol("program", type: .function, section: text, value: 8, size: 16)
    let missing = writer.addSymbol("missing", binding: .weak)
    writer.addRelocation(in: text, at: 8, .call, symbol: missing)
    writer.addRelocation(in: data, at: 8, .absolute64, symbol: section, addend: -3)
    _ = function
    bytes = writer.bytes()
  }

  /// Where the header of a section starts.
  func header(_ section: Int) -> Int {
    Int(bytes.span.littleEndian(at: ELFLayout.Header.sectionTableOffset, as: UInt64.self))
      + section * ELFLayout.Section.size
  }

  mutating func patch<T: FixedWidthInteger & UnsignedInteger>(_ offset: Int, _ value: T) {
    for index in 0..<T.bitWidth / 8 {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index))
    }
  }
}

@Suite struct ELFFileTests {
  @Test func `sections come back as they were written`() throws {
    let sample = Sample()
    let file = try ELFFile(sample.bytes.span)
    #expect(file.sectionCount == 8)
    let names = try (0..<file.sectionCount).map { String(try file.name(of: file.section(at: $0))) }
    #expect(names == ["", ".text", ".data", ".bss", ".rel.text", ".rela.data", ".symtab", ".strtab"])
    let text = try file.section(at: Sample.text)
    #expect(text.type == .programBits && text.flags == [.allocated, .executable] && text.alignment == 8)
    let isText = file.contents(of: text).holdsSameBytes(as: [UInt8](repeating: 0x95, count: 24).span)
    #expect(isText)
    let zeros = try file.section(at: Sample.zeros)
    #expect(zeros.type == .noBits && zeros.size == 100 && zeros.fileRange.isEmpty && zeros.alignment == 4)
    #expect(try file.section(at: 0).size == 0)
  }

  @Test func `symbols come back as they were written`() throws {
    let sample = Sample()
    let file = try ELFFile(sample.bytes.span)
    let found = try file.symbolTable()
    let table = try #require(found)
    #expect(table.count == 4 && table.index == Sample.symbols)
    let section = try file.symbol(at: 1, in: table)
    #expect(section.type == .section && section.binding == .local && Int(section.section) == Sample.data)
    let function = try file.symbol(at: 2, in: table)
    #expect(function.type == .function && function.binding == .global)
    #expect(function.value == 8 && function.size == 16 && Int(function.section) == Sample.text)
    let missing = try file.symbol(at: 3, in: table)
    #expect(missing.binding == .weak && missing.section == ELFSymbol.undefined)
    #expect(try String(file.name(of: missing, in: table)) == "missing")
    let names: [StaticString] = ["missing", "missin", "missing2", "issing", ""]
    let matches = try names.map { try file.hasName($0.bytes, missing, in: table) }
    #expect(matches == [true, false, false, false, false])
    let range = try file.nameRange(of: missing, in: table)
    #expect(Array(sample.bytes[range]) == Array("missing".utf8))
  }

  @Test func `relocations come back with and without addends`() throws {
    let sample = Sample()
    let file = try ELFFile(sample.bytes.span)
    let calls = try #require(try relocations(Sample.textRelocations, of: file))
    #expect(calls.count == 1 && Int(calls.target) == Sample.text && Int(calls.symbols) == Sample.symbols)
    let call = try file.relocation(at: 0, in: calls)
    #expect(call.offset == 8 && call.type == .call && call.symbol == 3 && call.addend == nil)
    let pointers = try #require(try relocations(Sample.dataRelocations, of: file))
    let pointer = try file.relocation(at: 0, in: pointers)
    #expect(pointer.type == .absolute64 && pointer.symbol == 1 && pointer.addend == -3)
    #expect(try relocations(Sample.text, of: file) == nil)
  }

  @Test func `a file without symbols has no symbol table`() throws {
    let bytes = ObjectWriter().bytes()
    let file = try ELFFile(bytes.span)
    #expect(try file.symbolTable() == nil)
  }

  @Test func `numbers beyond the tables are refused`() throws {
    let sample = Sample()
    let file = try ELFFile(sample.bytes.span)
    let found = try file.symbolTable()
    let symbols = try #require(found)
    let calls = try #require(try relocations(Sample.textRelocations, of: file))
    #expect(
      error { () throws(ELFError) in _ = try file.section(at: 8) }
        == ELFError(.noSuchSection, found: 8, expected: 8))
    #expect(
      error { () throws(ELFError) in _ = try file.section(at: -1) }
        == ELFError(.noSuchSection, found: .max, expected: 8))
    #expect(
      error { () throws(ELFError) in _ = try file.symbol(at: 4, in: symbols) }
        == ELFError(.noSuchSymbol, at: Sample.symbols, found: 4, expected: 4))
    #expect(
      error { () throws(ELFError) in _ = try file.relocation(at: 1, in: calls) }
        == ELFError(.noSuchRelocation, at: Sample.textRelocations, found: 1, expected: 1))
  }

  private func relocations(_ section: Int, of file: borrowing ELFFile) throws -> RelocationTable? {
    try file.relocationTable(in: file.section(at: section))
  }
}

/// A change of the sample and what is then wrong.
struct Damage: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var error: ELFError
  var patch: @Sendable (inout Sample) -> Void

  init(_ what: String, _ error: ELFError, _ patch: @escaping @Sendable (inout Sample) -> Void) {
    testDescription = what
    self.error = error
    self.patch = patch
  }
}

@Suite struct DamagedFileTests {
  static let size = UInt64(Sample().bytes.count)
  static let headers: [Damage] = [
    Damage("magic", ELFError(.notELF)) { $0.patch(0, UInt8(0x7E)) },
    Damage("32 bits", ELFError(.unsupportedClass, found: 1, expected: 2)) { $0.patch(4, UInt8(1)) },
    Damage("big-endian", ELFError(.unsupportedByteOrder, found: 2, expected: 1)) { $0.patch(5, UInt8(2)) },
    Damage("format version", ELFError(.unsupportedVersion, found: 0, expected: 1)) { $0.patch(6, UInt8(0)) },
    Damage("version", ELFError(.unsupportedVersion, found: 9, expected: 1)) { $0.patch(20, UInt32(9)) },
    Damage("executable", ELFError(.notRelocatable, found: 2, expected: 1)) { $0.patch(16, UInt16(2)) },
    Damage("machine", ELFError(.wrongMachine, found: 40, expected: 247)) { $0.patch(18, UInt16(40)) },
    Damage("header size", ELFError(.sectionHeaderSize, found: 40, expected: 64)) { $0.patch(58, UInt16(40)) },
    Damage("table far away", ELFError(.sectionTableOutside, found: .max, expected: size)) {
      $0.patch(40, UInt64.max)
    },
    Damage("too many", ELFError(.sectionTableOutside, found: size - 512, expected: size)) {
      $0.patch(60, UInt16(9))
    },
    Damage("cut header", ELFError(.truncatedHeader, found: 63, expected: 64)) {
      $0.bytes.removeLast($0.bytes.count - 63)
    },
    Damage("cut magic", ELFError(.notELF)) { $0.bytes.removeLast($0.bytes.count - 3) },
    Damage("empty", ELFError(.notELF)) { $0.bytes = [] },
  ]

  @Test(arguments: headers)
  func `a broken header is refused`(damage: Damage) {
    var sample = Sample()
    damage.patch(&sample)
    #expect(error { () throws(ELFError) in _ = try ELFFile(sample.bytes.span) } == damage.error)
  }

  static let sections: [Damage] = [
    Damage("offset", ELFError(.sectionOutside, at: Sample.text, found: .max - 4, expected: size)) {
      $0.patch($0.header(Sample.text) + 24, UInt64.max - 4)
    },
    Damage("size", ELFError(.sectionOutside, at: Sample.text, found: 64, expected: size)) {
      $0.patch($0.header(Sample.text) + 32, UInt64(size))
    },
    Damage("huge", ELFError(.sectionTooLarge, at: Sample.text, found: 1 << 31, expected: 1 << 24)) {
      $0.patch($0.header(Sample.text) + 32, UInt64(1) << 31)
    },
    Damage("huge zeros", ELFError(.sectionTooLarge, at: Sample.zeros, found: .max, expected: 1 << 24)) {
      $0.patch($0.header(Sample.zeros) + 32, UInt64.max)
    },
    Damage("alignment", ELFError(.alignment, at: Sample.data, found: 12)) {
      $0.patch($0.header(Sample.data) + 48, UInt64(12))
    },
    Damage("name", ELFError(.nameOutside, at: Sample.strings, found: 5000, expected: 59)) {
      $0.patch($0.header(Sample.text), UInt32(5000))
    },
    Damage("names elsewhere", ELFError(.sectionType, at: Sample.text, found: 1, expected: 3)) {
      $0.patch(62, UInt16(Sample.text))
    },
    Damage("no names", ELFError(.noSuchSection, found: 99, expected: 8)) { $0.patch(62, UInt16(99)) },
    Damage("relocation size", ELFError(.entrySize, at: Sample.textRelocations, found: 24, expected: 16)) {
      $0.patch($0.header(Sample.textRelocations) + 56, UInt64(24))
    },
    Damage("cut relocation", ELFError(.partialEntry, at: Sample.textRelocations, found: 15, expected: 16)) {
      $0.patch($0.header(Sample.textRelocations) + 32, UInt64(15))
    },
    Damage("symbol size", ELFError(.entrySize, at: Sample.symbols, found: 0, expected: 24)) {
      $0.patch($0.header(Sample.symbols) + 56, UInt64(0))
    },
    Damage("symbol names", ELFError(.sectionType, at: Sample.data, found: 1, expected: 3)) {
      $0.patch($0.header(Sample.symbols) + 40, UInt32(Sample.data))
    },
  ]

  @Test(arguments: sections)
  func `a broken section is refused when it is asked for`(damage: Damage) {
    var sample = Sample()
    damage.patch(&sample)
    #expect(error { () throws(ELFError) in try readAll(sample.bytes) } == damage.error)
  }

  @Test func `a name that does not end is refused`() {
    var sample = Sample()
    sample.patch(sample.header(Sample.strings) + 32, UInt64(58))
    #expect(
      error { () throws(ELFError) in try readAll(sample.bytes) }?.rule == .nameOutside)
  }

  @Test func `no flipped byte and no truncation makes reading fail in another way`() {
    let good = Sample().bytes
    for index in good.indices {
      for mask: UInt8 in [0x01, 0x80, 0xFF] {
        var bytes = good
        bytes[index] ^= mask
        _ = error { () throws(ELFError) in try readAll(bytes) }
      }
      #expect(error { () throws(ELFError) in try readAll(Array(good[..<index])) } != nil)
    }
  }
}

/// Asks for everything there is.
func readAll(_ bytes: [UInt8]) throws(ELFError) {
  let file = try ELFFile(bytes.span)
  for index in 0..<file.sectionCount {
    let section = try file.section(at: index)
    _ = try file.name(of: section)
    _ = file.contents(of: section).count
    if let table = try file.relocationTable(in: section) {
      for number in 0..<table.count { _ = try file.relocation(at: number, in: table) }
    }
  }
  if let table = try file.symbolTable() {
    for index in 0..<table.count { _ = try file.name(of: file.symbol(at: index, in: table), in: table) }
  }
}

func error(_ body: () throws(ELFError) -> Void) -> ELFError? {
  do throws(ELFError) { try body() } catch { return error }
  return nil
}

extension String {
  init(_ bytes: Span<UInt8>) {
    self.init(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
  }
}
